"""What the desk's pages show."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from weakref import WeakKeyDictionary

from fastapi import Depends, Response
from markupsafe import Markup
from sqlalchemy.orm import Session

from channels.attachments import service as attachments
from channels.conversations import holding
from channels.conversations import service as conversations
from channels.conversations.service import Conversation, Message
from channels.delivery.states import STATES
from channels.desk import filing, reading, replies, staffing
from channels.desk.filing import Form
from dispatch.accounts.service import LoggedIn
from dispatch.console.pages import FormSender, Pages, desk_visitor
from dispatch.core.clock import beijing
from dispatch.core.live import LiveEvents
from dispatch.core.problems import not_found
from dispatch.orders import service as orders
from dispatch.platform import Platform
from dispatch.understanding.corrections import REQUEST_TYPES

MESSAGES_SHOWN = 150
_KEPT = timedelta(seconds=10)
"""So long the waiting list is kept at most, whatever changes: what it says of waiting times must stay about true."""

REASON_NAMES = {
    "emergency": "紧急",
    "stability_risk": "稳定风险",
    "asked_for_person": "要求人工",
    "assistant_down": "智能客服故障",
    "bot_unsure": "智能客服没把握",
    "abuse": "言语过激",
    "transferred": "转接",
    "returned": "无人应答退回",
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

HOLDER_NAMES = {"bot": "智能客服接待中", "waiting": "等待人工", "operator": "人工接待中"}

pages = Pages(Path(__file__).parent / "templates")

Operator = Annotated[LoggedIn, Depends(desk_visitor)]


def _desk_sender(who: FormSender) -> LoggedIn:
    return desk_visitor(who)


DeskSender = Annotated[LoggedIn, Depends(_desk_sender)]


class _WaitingList:
    """The rendered list of who waits: the same for every operator, so that a change is rendered once and not once a desk."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: WeakKeyDictionary[LiveEvents, tuple[int, datetime, Markup]] = WeakKeyDictionary()

    def html(self, session: Session, platform: Platform) -> Markup:
        """Return the list as the database stands, or as it stood when something last changed in it."""
        with self._lock:
            count, now = platform.live.count("desk"), platform.clock.now()
            kept = self._kept.get(platform.live)
            if kept and kept[0] == count and timedelta(0) <= now - kept[1] < _KEPT:
                return kept[2]
            found = holding.queue(session)
            values: dict[str, Any] = {
                "waiting": [_shown(each, now) for each in found],
                "waiting_count": holding.queue_length(session) if len(found) >= holding.QUEUE_SHOWN else len(found),
                "counted_to": holding.QUEUE_COUNTED,
                "group_names": _group_names(session),
            }
            html = Markup(bytes(pages.render("waiting.html", **values).body).decode())  # noqa: S704 - rendered by a template that escapes
            self._kept[platform.live] = (count, now, html)
            return html


_waiting_list = _WaitingList()


def lists(session: Session, platform: Platform, who: LoggedIn) -> dict[str, Any]:
    """Return the conversation lists at the side: who waits, what was assigned to ``who``, what they hold."""
    now = platform.clock.now()
    return {
        "waiting_html": _waiting_list.html(session, platform),
        "offered": [_shown(each, now) for each in holding.offered_to(session, who.username)],
        "mine": [_shown(each, now) for each in holding.held_by(session, who.username)],
        "group_names": _group_names(session),
    }


def _group_names(session: Session) -> dict[str, str]:
    return {group.code: group.name for group in staffing.groups(session)}


def _shown(conversation: Conversation, now: datetime) -> dict[str, Any]:
    since = conversation.attention_since or conversation.unanswered_since
    return {
        "id": conversation.id,
        "channel": conversation.channel,
        "reason": conversation.attention_reason or "",
        "reason_name": REASON_NAMES.get(conversation.attention_reason or "", ""),
        "since": since,
        "minutes": int((now - since).total_seconds() // 60) if since else 0,
        "note": conversation.attention_note,
        "last": conversation.last_words or "还没有说话",
        "offered_to": conversation.offered_to,
        "unanswered": conversation.unanswered_since is not None,
        "group": conversation.group_code,
    }


def transcript(session: Session, messages: Sequence[Message], platform: Platform) -> list[dict[str, Any]]:
    """Return messages as the desk shows them; who speaks with a resident sees what that resident really wrote, and the files."""
    return [_said(session, message, platform) for message in messages]


def _said(session: Session, message: Message, platform: Platform) -> dict[str, Any]:
    files = attachments.shown(platform, session, message.content)
    missing = attachments.missing(message.content)
    custom = message.custom or {}
    return {
        "id": message.id,
        "author": message.author,
        "operator": message.operator,
        "text": conversations.full_text(message, platform.cipher),
        "at": message.created_at,
        "source": custom.get("entry_title"),
        "files": files,
        "missing": missing,
        "recording": custom.get("url") if custom.get("kind") == "recording" else None,
        "delivery": STATES.get(message.delivery) if message.delivery else None,
        "undelivered": message.delivery in ("failed", "dead", "withheld"),
        # By this an open page sees what looks different now; links change all the time and don't count.
        "look": "|".join([message.delivery or "", *(f"{file['id']}{'t' if file['text'] else ''}" for file in files), *missing]),
    }


def signature(conversation: Conversation) -> str:
    """Return what open pages compare to see whether they show who holds a conversation, and why, as it is."""
    return "|".join((conversation.holder, conversation.operator or "", conversation.offered_to or "", conversation.attention_reason or ""))


def page(
    platform: Platform,
    who: LoggedIn,
    conversation_id: str | None,
    *,
    fault: str | None = None,
    said: str = "",
    form: Form | None = None,
    opened: str = "",
) -> Response:
    """Return the desk's page with a conversation, or without one.

    Args:
        fault: what couldn't be done, said on the page (status 409).
        said: the reply that couldn't be sent; form: the order that couldn't be filed; both stand in their fields again.
        opened: the tool that stays open.
    """
    now, reference = platform.clock.now(), platform.reference.current()
    with platform.database.read() as session:
        values: dict[str, Any] = {
            **lists(session, platform, who),
            "me": staffing.operator(session, who.username),
            "state_names": staffing.STATES,
            "conversation": None,
        }
        if conversation_id is None:
            return pages.render("desk.html", who, **values)
        conversation = conversations.find(session, conversation_id)
        if conversation is None:
            raise not_found("会话", conversation_id)
        found = conversations.messages(session, conversation_id, limit=MESSAGES_SHOWN)
        understood = reading.read(found, reference)
        filed = [
            orders.order_out(session, each, reference, platform.cipher, now) for each in orders.of_conversation(session, conversation_id)
        ]
        mine = conversation.holder == "operator" and conversation.operator == who.username
        values |= {
            "conversation": conversation,
            "mine_now": mine,
            "signature": signature(conversation),
            "messages": transcript(session, found, platform),
            "older": found[0].id if len(found) == MESSAGES_SHOWN else None,
            "understood": understood,
            "request_types": sorted(REQUEST_TYPES, key=["投诉", "求助", "咨询", "建议", "举报"].index),
            "handling_names": HANDLING_NAMES,
            "holder_names": HOLDER_NAMES,
            "reason_name": REASON_NAMES.get(conversation.attention_reason or "", ""),
            "filed": filed,
            "notes": holding.notes(session, conversation_id, platform.cipher),
            "form": form or filing.prefilled(session, conversation_id, understood, found),
            "on_file": filing.on_file(session, conversation_id, platform.cipher),
            "colleagues": [each for each in staffing.operators(session) if each.username != who.username] if mine else [],
            "groups": staffing.groups(session),
            "fault": fault,
            "said": said,
            "opened": opened,
        }
        return pages.render("desk.html", who, status=409 if fault else 200, **values)


def variables(session: Session, platform: Platform, who: LoggedIn, conversation_id: str) -> dict[str, str | None]:
    """Return what the variables of canned replies stand for in a conversation (``replies.VARIABLES``)."""
    reference = platform.reference.current()
    understood = reading.read(conversations.messages(session, conversation_id, limit=MESSAGES_SHOWN), reference)
    newest = next(iter(orders.of_conversation(session, conversation_id)), None)
    values: dict[str, str | None] = dict.fromkeys(replies.VARIABLES)
    values["operator"] = who.display_name
    if understood:
        values["matter"] = understood.matter["name"] if understood.matter else None
        values["unit"] = understood.unit["name"] if understood.unit else None
        values["place"] = "".join(filter(None, understood.place.values())) or None
    if newest:
        out = orders.filed_out(session, newest, reference, None)
        values["order"] = out.number
        values["unit"] = out.unit.name if out.unit else values["unit"]
        values["matter"] = out.matter.name if out.matter else values["matter"]
        values["deadline"] = f"{beijing(out.deadline_at):%m 月 %d 日 %H:%M}" if out.deadline_at else None
    return values
