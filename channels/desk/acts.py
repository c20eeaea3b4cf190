"""What operators do with a conversation: take it over, speak, pass it on, put the reading right, file an order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from sqlalchemy.orm import Session

from channels.conversations import holding
from channels.conversations import service as conversations
from channels.conversations.holding import HeldByAnotherError, NotHeldError
from channels.conversations.service import Conversation
from channels.desk import filing, reading, replies, staffing, view
from channels.desk.filing import BadFieldError
from channels.desk.reading import NothingReadError
from channels.desk.view import DeskSender
from dispatch.citizens import service as citizens
from dispatch.core.clock import beijing
from dispatch.core.live import LiveEvent
from dispatch.core.problems import not_found
from dispatch.emergencies import service as emergencies
from dispatch.knowledge import service as knowledge
from dispatch.knowledge.schemas import HitOut
from dispatch.knowledge.service import NoSuchEntryError
from dispatch.orders.service import Actor
from dispatch.platform import Platform, PlatformDep
from dispatch.understanding.corrections import CorrectedField, NoCorrectionError, UnknownValueError

router = APIRouter(prefix="/conversations/{conversation_id}")

Short = Annotated[str, Form(max_length=400)]

_NOT_HELD = "这个会话不在您手里"


@router.post("/takeover")
def take_over(platform: PlatformDep, who: DeskSender, conversation_id: str) -> Response:
    """Take the conversation (人工接管): from now on the bot is silent."""
    now = platform.clock.now()
    try:
        with platform.database.write() as session:
            staffing.here(session, who, now)
            conversation = holding.take_over(session, conversation_id, who.username, now)
            if conversation is None:
                raise not_found("会话", conversation_id)
            emergencies.acknowledge(session, conversation_id, who.username, now)
    except HeldByAnotherError as error:
        return view.page(platform, who, conversation_id, fault=f"{error.holder} 已经接管了这个会话")
    return _changed(platform, conversation_id, "holder", "message")


@router.post("/say")
def say(platform: PlatformDep, who: DeskSender, conversation_id: str, text: Annotated[str, Form(max_length=4000)]) -> Response:
    """Send the operator's words to the resident."""
    if not text.strip():
        return view.page(platform, who, conversation_id, fault="请先写要说的话")
    if left := replies.unfilled(text):
        return view.page(platform, who, conversation_id, fault=f"还有没填的内容：{'、'.join(left)}，填好再发", said=text)
    try:
        with platform.database.write() as session:
            holding.operator_says(session, conversation_id, who.username, text.strip(), platform.clock.now())
    except NotHeldError:
        return view.page(platform, who, conversation_id, fault="请先接管会话再回复；您写的话还在下面", said=text)
    return _changed(platform, conversation_id, "message", queue=False)


@router.post("/answer")
def answer(
    platform: PlatformDep,
    who: DeskSender,
    conversation_id: str,
    entry_id: Annotated[str, Form(max_length=64)],
    version: Annotated[int, Form(ge=1)],
) -> Response:
    """Send an entry of the knowledge base; the message keeps which entry and version it was."""
    now = platform.clock.now()
    try:
        with platform.database.write() as session:
            hit = _given(session, conversation_id, entry_id, version, now)
            custom = {"kind": "knowledge", "entry_id": hit.id, "entry_version": hit.version, "entry_title": hit.title}
            holding.operator_says(session, conversation_id, who.username, _answer_text(hit, platform), now, custom=custom)
    except NotHeldError:
        return view.page(platform, who, conversation_id, fault="请先接管会话再发送答案", opened="knowledge")
    except NoSuchEntryError:
        return view.page(platform, who, conversation_id, fault="这条答案刚刚更新或撤下了，请重新查", opened="knowledge")
    return _changed(platform, conversation_id, "message", queue=False)


@router.post("/handback")
def hand_back(platform: PlatformDep, who: DeskSender, conversation_id: str) -> Response:
    """Give the conversation back to the bot."""
    now = platform.clock.now()
    return _let_go(platform, who, conversation_id, lambda session: holding.hand_back(session, conversation_id, who.username, now))


@router.post("/close")
def close(platform: PlatformDep, who: DeskSender, conversation_id: str) -> Response:
    """End the talk; the bot answers what comes next."""
    now = platform.clock.now()
    return _let_go(platform, who, conversation_id, lambda session: holding.close(session, conversation_id, who.username, now))


@router.post("/transfer")
def transfer(platform: PlatformDep, who: DeskSender, conversation_id: str, to: Short = "", note: Short = "") -> Response:
    """Pass the conversation on to another operator or a group, with a note if there is one to write."""
    kind, _, target = to.partition(":")

    def work(session: Session) -> Conversation:
        known = (staffing.operator(session, target) if kind == "operator" else None) or (
            next((group for group in staffing.groups(session) if group.code == target), None) if kind == "group" else None
        )
        if known is None:
            raise BadFieldError("转接：请从列表里选一位话务员或一个组")
        if note.strip():
            holding.add_note(session, conversation_id, who.username, note.strip(), now=platform.clock.now(), cipher=platform.cipher)
        goal = {"to_operator": target} if kind == "operator" else {"to_group": target}
        return holding.transfer(session, conversation_id, who.username, platform.clock.now(), **goal)

    done = _let_go(platform, who, conversation_id, work)
    if kind == "operator":
        platform.live.publish(LiveEvent(f"operator:{target}", "offer", {"id": conversation_id}))
    return done


@router.post("/dismiss")
def dismiss(platform: PlatformDep, who: DeskSender, conversation_id: str) -> Response:
    """Take the conversation out of the queue: it was looked at, and the bot may go on."""
    with platform.database.write() as session:
        conversation = conversations.find(session, conversation_id, lock=True)
        if conversation is None:
            raise not_found("会话", conversation_id)
        holding.dismiss(conversation)
        emergencies.acknowledge(session, conversation_id, who.username, platform.clock.now())
    return _changed(platform, conversation_id, "holder")


@router.post("/notes")
def add_note(platform: PlatformDep, who: DeskSender, conversation_id: str, text: Annotated[str, Form(max_length=2000)]) -> Response:
    """Keep a note for colleagues; it is never sent."""
    if not text.strip():
        return view.page(platform, who, conversation_id, fault="请先写备注", opened="notes")
    with platform.database.write() as session:
        if conversations.find(session, conversation_id) is None:
            raise not_found("会话", conversation_id)
        holding.add_note(session, conversation_id, who.username, text.strip(), now=platform.clock.now(), cipher=platform.cipher)
    return RedirectResponse(f"/desk/conversations/{conversation_id}?tool=notes", 303)


@router.post("/correct")
def correct(
    platform: PlatformDep, who: DeskSender, conversation_id: str, field: Annotated[CorrectedField, Form()], value: Short
) -> Response:
    """Put one field of the reading right."""
    try:
        with platform.database.write() as session:
            reading.correct(
                session,
                conversation_id,
                field,
                value,
                by=who.username,
                now=platform.clock.now(),
                reference=platform.reference.current(),
                cipher=platform.cipher,
            )
    except UnknownValueError as error:
        return view.page(platform, who, conversation_id, fault=f"更正没有保存：应为{error.expected}")
    except NoCorrectionError:
        return view.page(platform, who, conversation_id, fault="与系统的研判相同，不用更正")
    except NothingReadError:
        return view.page(platform, who, conversation_id, fault="还没有可更正的研判")
    return RedirectResponse(f"/desk/conversations/{conversation_id}", 303)


@router.post("/file")
def file_order(
    platform: PlatformDep,
    who: DeskSender,
    conversation_id: str,
    key: Annotated[str, Form(min_length=8, max_length=40)],
    description: Annotated[str, Form(max_length=20_000)] = "",
    request_type: Short = "",
    matter: Short = "",
    district: Short = "",
    street: Short = "",
    community: Short = "",
    detail: Short = "",
    unit: Short = "",
    name: Short = "",
    phone: Short = "",
    anonymous: Annotated[bool, Form()] = False,
) -> Response:
    """File an order from the conversation and tell the resident its number."""
    form = filing.Form(description, request_type, matter, district, street, community, detail, unit, name, phone, anonymous)
    try:
        with platform.database.write() as session:
            filing.file(
                session,
                conversation_id,
                form,
                actor=Actor(who.username, who.role, who.unit_code),
                idempotency_key=key,
                now=platform.clock.now(),
                reference=platform.reference.current(),
                cipher=platform.cipher,
                link=partial(citizens.order_address, platform),
            )
    except (BadFieldError, ValidationError) as error:
        said = str(error) if isinstance(error, BadFieldError) else "有一项内容太长或格式不对"
        return view.page(platform, who, conversation_id, fault=f"没有建单。{said}", form=form, opened="filing")
    except NotHeldError:
        return view.page(platform, who, conversation_id, fault="请先接管会话再建单", form=form, opened="filing")
    return _changed(platform, conversation_id, "message", "order", queue=False)


def _let_go(platform: Platform, who: DeskSender, conversation_id: str, work: Callable[[Session], Conversation]) -> Response:
    try:
        with platform.database.write() as session:
            work(session)
    except NotHeldError:
        return view.page(platform, who, conversation_id, fault=_NOT_HELD)
    except BadFieldError as error:
        return view.page(platform, who, conversation_id, fault=str(error), opened="transfer")
    return _changed(platform, conversation_id, "holder", "message")


def _changed(platform: Platform, conversation_id: str, *names: str, queue: bool = True) -> Response:
    for name in names:
        platform.live.publish(LiveEvent(f"conversation:{conversation_id}", name, {"id": conversation_id}))
    if queue:
        platform.live.publish(LiveEvent("desk", "queue"))
    return RedirectResponse(f"/desk/conversations/{conversation_id}", 303)


def _given(session: Session, conversation_id: str, entry_id: str, version: int, now: datetime) -> HitOut:
    """Return the entry, given in this conversation; raises NoSuchEntryError unless it still stands as the operator saw it."""
    hit = knowledge.give(session, conversation_id, entry_id, now)
    if hit.version != version:
        raise NoSuchEntryError(entry_id)
    return hit


def _answer_text(hit: HitOut, platform: Platform) -> str:
    """Return an entry as residents get it, with its source (Art. 13)."""
    day = beijing(platform.clock.now())
    source = f"\n（来源：{hit.source or hit.dept}，{day:%Y-%m-%d} 查询）" if hit.source or hit.dept else ""
    return f"{hit.passage}{source}"
