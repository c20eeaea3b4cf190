"""Routes of the operators' desk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from sse_starlette import EventSourceResponse, ServerSentEvent

from channels.conversations import service as conversations
from channels.conversations.service import Conversation, HeldByAnotherError, NotHeldError
from dispatch.accounts.service import LoggedIn
from dispatch.console.pages import FormSender, Pages, desk_visitor
from dispatch.core.live import LiveEvent
from dispatch.core.problems import not_found
from dispatch.emergencies import service as emergencies
from dispatch.orders import service as orders
from dispatch.platform import Platform, PlatformDep
from dispatch.understanding.service import Reference
from nlu.place import Place

router = APIRouter(prefix="/desk", include_in_schema=False)
pages = Pages(Path(__file__).parent / "templates")

Operator = Annotated[LoggedIn, Depends(desk_visitor)]


def _desk_sender(who: FormSender) -> LoggedIn:
    return desk_visitor(who)


DeskSender = Annotated[LoggedIn, Depends(_desk_sender)]

REASON_NAMES = {
    "emergency": "紧急",
    "stability_risk": "稳定风险",
    "asked_for_person": "要求人工",
    "assistant_down": "智能客服故障",
    "bot_unsure": "智能客服没把握",
    "abuse": "言语过激",
}

HANDLING_NAMES = {
    "answer": "直接答复",
    "dispatch": "派单办理",
    "emergency": "紧急转接",
    "legal_channel": "告知法定渠道",
    "progress": "告知进度",
    "explain": "解释说明",
    "educate": "劝导教育",
    "market": "引导市场或社会渠道",
    "liaison": "转联络渠道",
    "human": "转人工",
}


@router.get("")
def desk_page(platform: PlatformDep, who: Operator) -> Response:
    """The queue, and my own conversations."""
    with platform.database.read() as session:
        return pages.render("desk.html", who, conversation=None, fault=None, draft_text="", **_queue(session, platform, who))


@router.get("/queue")
def queue_fragment(platform: PlatformDep, who: Operator, current: str = "") -> Response:
    """The queue alone, fetched again whenever it changes."""
    with platform.database.read() as session:
        return pages.render("queue.html", who, current=current, **_queue(session, platform, who))


@router.get("/conversations/{conversation_id}")
def conversation_page(platform: PlatformDep, who: Operator, conversation_id: str) -> Response:
    """One conversation with everything said so far."""
    return _page(platform, who, conversation_id, None)


@router.get("/conversations/{conversation_id}/messages")
def messages_fragment(platform: PlatformDep, who: Operator, conversation_id: str) -> Response:
    """The transcript alone, fetched again whenever somebody says something."""
    with platform.database.read() as session:
        return pages.render("messages.html", who, messages=_messages(session, platform, conversation_id))


@router.post("/conversations/{conversation_id}/takeover")
def take_over(platform: PlatformDep, who: DeskSender, conversation_id: str) -> Response:
    """Take the conversation (人工接管): from now on the bot is silent."""
    try:
        with platform.database.write() as session:
            conversation = conversations.take_over(session, conversation_id, who.username, platform.clock.now())
            if conversation is None:
                raise not_found("会话", conversation_id)
            emergencies.acknowledge(session, conversation_id, who.username, platform.clock.now())
    except HeldByAnotherError as error:
        return _page(platform, who, conversation_id, f"{error.holder} 已经接管了这个会话")
    return _changed(platform, conversation_id)


@router.post("/conversations/{conversation_id}/say")
def say(platform: PlatformDep, who: DeskSender, conversation_id: str, text: Annotated[str, Form(max_length=4000)]) -> Response:
    """Send the operator's words to the resident."""
    if not text.strip():
        return _page(platform, who, conversation_id, "请先写要说的话")
    try:
        with platform.database.write() as session:
            conversations.operator_says(session, conversation_id, who.username, text.strip(), platform.clock.now())
    except NotHeldError:
        return _page(platform, who, conversation_id, "请先接管会话再回复；您写的话还在下面", draft_text=text)
    return _changed(platform, conversation_id)


@router.post("/conversations/{conversation_id}/handback")
def hand_back(platform: PlatformDep, who: DeskSender, conversation_id: str) -> Response:
    """Give the conversation back to the bot."""
    try:
        with platform.database.write() as session:
            conversations.hand_back(session, conversation_id, who.username, platform.clock.now())
    except NotHeldError:
        return _page(platform, who, conversation_id, "这个会话不在您手里")
    return _changed(platform, conversation_id)


@router.post("/conversations/{conversation_id}/dismiss")
def dismiss(platform: PlatformDep, who: DeskSender, conversation_id: str) -> Response:
    """Take the conversation out of the queue: it was looked at, and the bot may go on."""
    with platform.database.write() as session:
        conversation = conversations.find(session, conversation_id, lock=True)
        if conversation is None:
            raise not_found("会话", conversation_id)
        conversations.dismiss(conversation)
        emergencies.acknowledge(session, conversation_id, who.username, platform.clock.now())
    return _changed(platform, conversation_id)


@router.get("/events")
async def events(request: Request, platform: PlatformDep, _who: Operator) -> EventSourceResponse:
    """Live changes: ``queue`` and ``message``, with the conversation's id; never what was said."""

    async def stream() -> AsyncIterator[ServerSentEvent]:
        async with platform.live.subscribe("desk") as changes:
            while True:
                event = await changes.get()
                yield ServerSentEvent(event.data.get("id", ""), event=event.name)

    return EventSourceResponse(stream(), ping=20)


def _queue(session: Session, platform: Platform, who: LoggedIn) -> dict[str, Any]:
    now = platform.clock.now()

    def shown(conversation: Conversation) -> dict[str, Any]:
        recent = conversations.messages(session, conversation.id, limit=20)
        last = next((message for message in reversed(recent) if message.author == "resident"), None)
        since = conversation.attention_since
        return {
            "id": conversation.id,
            "channel": conversation.channel,
            "reason": conversation.attention_reason,
            "reason_name": REASON_NAMES.get(conversation.attention_reason or "", ""),
            "minutes": int((now - since).total_seconds() // 60) if since else 0,
            "note": conversation.attention_note,
            "last": last.text[:60] if last else "还没有说话",
        }

    waiting = [shown(conversation) for conversation in conversations.queue(session)]
    mine = [shown(conversation) for conversation in conversations.held_by(session, who.username)]
    return {"waiting": waiting, "mine": mine}


def _messages(session: Session, platform: Platform, conversation_id: str) -> list[dict[str, Any]]:
    """Return the transcript; who speaks with a resident sees what that resident really wrote."""
    return [
        {
            "author": message.author,
            "operator": message.operator,
            "text": conversations.full_text(message, platform.cipher),
            "at": message.created_at,
            "understanding": message.understanding,
        }
        for message in conversations.messages(session, conversation_id)
    ]


def _understood(readings: list[dict[str, Any]], reference: Reference) -> dict[str, Any] | None:
    """Return what an operator should know of all that was said: "转人工" at the end tells nothing of the matter before it.

    The unit is the one for matter and place together, which may have been told in different messages.
    """
    if not readings:
        return None
    newest_first = readings[::-1]
    told = max(newest_first, key=lambda reading: (reading.get("confidence") or {}).get("matter") or 0.0 if reading.get("matter") else -1.0)
    placed = next((reading for reading in newest_first if any((reading.get("place") or {}).values())), told)
    danger = next((reading["emergency"] for reading in newest_first if reading.get("emergency")), None)
    unit = told["unit"]
    if told["matter"] and unit:
        where = placed["place"]
        known = Place(where["district"], where["street"], where["community"], where["detail"], 1.0, (), ())
        found = reference.catalogue.assign(told["matter"]["code"], known, reference.units).unit
        unit = {"code": found.code, "name": found.name}
    return {**told, "place": placed["place"], "emergency": danger, "unit": unit}


def _page(platform: Platform, who: LoggedIn, conversation_id: str, fault: str | None, draft_text: str = "") -> Response:
    with platform.database.read() as session:
        conversation = conversations.find(session, conversation_id)
        if conversation is None:
            raise not_found("会话", conversation_id)
        messages = _messages(session, platform, conversation_id)
        understood = _understood([m["understanding"] for m in messages if m["understanding"]], platform.reference.current())
        filed = [
            orders.order_out(session, o, platform.reference.current(), platform.cipher, platform.clock.now())
            for o in orders.of_conversation(session, conversation_id)
        ]
        values = {
            "conversation": conversation,
            "messages": messages,
            "understood": understood,
            "filed": filed,
            "fault": fault,
            "draft_text": draft_text,
        }
        return pages.render(
            "desk.html",
            who,
            status=409 if fault else 200,
            handling_names=HANDLING_NAMES,
            reason_name=REASON_NAMES.get(conversation.attention_reason or "", ""),
            **values,
            **_queue(session, platform, who),
        )


def _changed(platform: Platform, conversation_id: str) -> Response:
    platform.live.publish(LiveEvent(f"conversation:{conversation_id}", "message", {"id": conversation_id}))
    platform.live.publish(LiveEvent("desk", "message", {"id": conversation_id}))
    platform.live.publish(LiveEvent("desk", "queue"))
    return RedirectResponse(f"/desk/conversations/{conversation_id}", 303)
