"""The page of one order: what is known of it, what may be done now, its files and its history; and doing a step from there."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, Query, Response, UploadFile
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from dispatch.attachments import service as attachments
from dispatch.attachments.service import LARGEST, MediaError, NotAllowedError
from dispatch.console import order_view
from dispatch.console.order_steps import BadStepFormError, StepFormDep
from dispatch.console.order_view import Shown
from dispatch.console.pages import FormSender, Visitor
from dispatch.core.live import LiveEvent
from dispatch.core.problems import not_found
from dispatch.media import service as media
from dispatch.orders import service as orders
from dispatch.orders.refusals import REFUSED, in_words
from dispatch.orders.schemas import EventOut, TransitionIn
from dispatch.orders.service import Actor, Order
from dispatch.orders.workflow import Role
from dispatch.platform import Platform, PlatformDep

router = APIRouter(prefix="/console/orders", include_in_schema=False)

Files = Annotated[list[UploadFile], File(default_factory=list)]
Seen = Annotated[int | None, Form(ge=0, le=2**31)]

_Refused = (*REFUSED, BadStepFormError, MediaError, NotAllowedError)


class ChangedMeanwhileError(Exception):
    """Somebody did something to the order after the page was opened; ``events`` are what."""

    def __init__(self, events: list[EventOut]) -> None:
        super().__init__(len(events))
        self.events = events


class DoneAlreadyError(Exception):
    """The very same step was sent twice: a double click, or the page reloaded."""


@router.get("/{number}")
def order_page(platform: PlatformDep, who: Visitor, number: str, merge: Annotated[str, Query(max_length=24)] = "") -> Response:
    """One order: what, where, who, by when, what happened, and the steps that are allowed now."""
    return order_view.render(platform, who, number, Shown(merge=merge))


@router.get("/{number}/alike")
def alike_fragment(platform: PlatformDep, who: Visitor, number: str) -> Response:
    """The part of an order's page that suggests which earlier order it may repeat."""
    return order_view.alike(platform, who, number)


@router.post("/{number}/transitions/{name}")
def apply_transition(
    platform: PlatformDep,
    who: FormSender,
    number: str,
    name: str,
    form: StepFormDep,
    files: Files,
    seen: Seen = None,
    back: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Do one step; what can't be done is said on the page, with everything written kept.

    ``seen`` is the last event that the page showed: what people did since then is shown first, instead of being written over.
    ``back`` is the list to return to; without it the order's own page is shown.
    """
    actor = Actor(who.username, who.role, who.unit_code)
    target = back if back.startswith("/console") else f"/console/orders/{number}"
    try:
        given = form.given(platform.reference.current())
        with platform.database.read() as session:
            _check_seen(session, _order(session, number, actor), name, given, actor, seen)
        _keep(platform, actor, number, files, for_resident=name == "answer")
        conversation = _apply(platform, actor, number, name, given, None if any(_real(each) for each in files) else seen)
    except DoneAlreadyError:
        return RedirectResponse(target, 303)
    except ChangedMeanwhileError as changed:
        return order_view.render(platform, who, number, Shown(step=name, form=form, changes=changed.events))
    except _Refused as error:
        return order_view.render(platform, who, number, Shown(step=name, form=form, fault=_in_words(error, platform)))
    if conversation:
        platform.live.publish(LiveEvent(f"conversation:{conversation}", "order", {"number": number}))
    return RedirectResponse(target, 303)


@router.post("/{number}/contact")
def show_contact(platform: PlatformDep, who: FormSender, number: str, reason: Annotated[str, Form(max_length=400)] = "") -> Response:
    """Show the contact in full, once; who looked and why goes on record (Art. 29(4))."""
    actor, contact = Actor(who.username, who.role, who.unit_code), None
    try:
        with platform.database.write() as session:
            order = _order(session, number, actor)
            now, reference = platform.clock.now(), platform.reference.current()
            given = TransitionIn(reason=reason.strip() or None)
            orders.apply(session, number, "unmask", given, actor=actor, now=now, reference=reference)
            contact = orders.contact_in_full(order, platform.cipher)
    except _Refused as error:
        return order_view.render(platform, who, number, Shown(fault=_in_words(error, platform)))
    return order_view.render(platform, who, number, Shown(contact=contact))


@router.post("/{number}/attachments")
def attach(platform: PlatformDep, who: FormSender, number: str, files: Files) -> Response:
    """Add files to the order."""
    actor = Actor(who.username, who.role, who.unit_code)
    try:
        if not _keep(platform, actor, number, files):
            return order_view.render(platform, who, number, Shown(fault="附件: 请先选择文件"))
    except _Refused as error:
        return order_view.render(platform, who, number, Shown(fault=_in_words(error, platform)))
    return RedirectResponse(f"/console/orders/{number}#files", 303)


@router.get("/{number}/attachments/{media_id}")
def open_attachment(platform: PlatformDep, who: Visitor, number: str, media_id: str) -> Response:
    """Off to a file of the order, by an address that works for a quarter of an hour."""
    with platform.database.read() as session:
        order = _order(session, number, Actor(who.username, who.role, who.unit_code))
        found = next((each for each in attachments.of_order(session, order) if each.id == media_id), None)
    if found is None:
        raise not_found("附件", media_id[:40])
    return RedirectResponse(media.link(platform, found, now=platform.clock.now()), 303)


def _order(session: Session, number: str, actor: Actor) -> Order:
    order = orders.visible(session, number, actor)
    if order is None:
        raise not_found("工单", number)
    return order


def _apply(platform: Platform, actor: Actor, number: str, name: str, given: TransitionIn, seen: int | None) -> str | None:
    """Do the step, and return the conversation that the order was filed in."""
    now, reference = platform.clock.now(), platform.reference.current()
    with platform.database.write() as session:
        order = _order(session, number, actor)
        _check_seen(session, order, name, given, actor, seen)
        version = order.version if seen is not None else None
        orders.apply(session, number, name, given, actor=actor, now=now, reference=reference, version=version)
        return order.conversation_id


def _check_seen(session: Session, order: Order, name: str, given: TransitionIn, actor: Actor, seen: int | None) -> None:
    """Compare the order with what its page showed; reminders that the system gave meanwhile change nothing for anybody."""
    if seen is None:
        return
    later = [event for event in orders.events_out(session, order) if event.sequence > seen]
    if any((event.name, event.actor) == (name, actor.name) and _said(event) == (given.reason, given.answer) for event in later):
        raise DoneAlreadyError
    if changed := [event for event in later if event.role != Role.SYSTEM.value and event.name != "unmask"]:
        raise ChangedMeanwhileError(changed)


def _said(event: EventOut) -> tuple[str | None, str | None]:
    return event.detail.get("reason"), event.detail.get("answer")


def _keep(platform: Platform, actor: Actor, number: str, files: list[UploadFile], *, for_resident: bool = False) -> int:
    """Add the files that were really chosen (browsers send an empty one where none was); return how many."""
    chosen = [each for each in files if _real(each)]
    for each in chosen:
        if (each.size or 0) > LARGEST:
            raise BadStepFormError(f"附件: {each.filename} 超过 {LARGEST // 2**20} MB")
        data = each.file.read()
        stored = attachments.add(
            platform, actor, number, data, claimed_type=each.content_type, filename=each.filename, for_resident=for_resident
        )
        if stored is None:
            raise not_found("工单", number)
    return len(chosen)


def _real(file: UploadFile) -> bool:
    return bool(file.filename or file.size)


def _in_words(error: Exception, platform: Platform) -> str:
    """Return why a step was refused, as its page says it."""
    return f"附件没有收下：{error}" if isinstance(error, MediaError) else in_words(error, platform.reference.current().units)
