"""What residents answer, in a conversation, on a page or to an operator, and what the complete answer causes (Art. 24)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.callbacks import reading, repository, words
from dispatch.callbacks.life import (
    ACTOR,
    ENDS_AFTER,
    LATE_WITHIN,
    MOST_CALLS,
    REASON_WITHIN,
    REMIND_AFTER,
    answers_of,
    close,
    end,
    is_open,
    keep,
    open_one,
    result,
    unit_name,
    waking,
)
from dispatch.callbacks.models import Callback
from dispatch.callbacks.reading import Answers
from dispatch.evaluation import service as evaluation
from dispatch.orders import service as orders
from dispatch.orders.schemas import TransitionIn
from dispatch.orders.workflow import State
from dispatch.outbox import service as outbox
from dispatch.understanding.service import Reference
from dispatch.webhooks import service as webhooks
from nlu import contact as contact_reader

_LONGEST_REASON = 2000


@dataclass(frozen=True, slots=True)
class Reply:
    """What the resident is told next."""

    text: str
    buttons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PageReply:
    """What a page shows next: ``thanks`` when the callback is complete, else the questions ``missing``, or why (``wants_reason``)."""

    thanks: str | None = None
    missing: tuple[str, ...] = ()
    wants_reason: bool = False


def hear(
    session: Session, conversation_id: str, text: str, *, now: datetime, reference: Reference, mid_filing: bool = False
) -> Reply | None:
    """Take a message of a resident who was asked; None where it is no answer, so that it is heard as what it is.

    Danger is looked for before this is called. With ``mid_filing`` the resident is in the middle of another matter: then only what
    answers two questions at once is taken for an answer, because 没有 may well be meant for the other matter.
    """
    callback = repository.asked_in(session, conversation_id)
    if callback is None or not is_open(callback, now):
        return _late(session, conversation_id, text, now)
    if reading.refuses(text):
        _refuse(session, callback, now, reference)
        return Reply(words.REFUSED)
    if mid_filing and len(reading.read(text, "all").missing) > 1:
        return None
    if callback.asking == "reason":
        callback.reason = contact_reader.mask(text)[:_LONGEST_REASON]
        return Reply(finish(session, callback, now, reference, by="resident"))
    said = reading.read(text, callback.asking)
    if said == Answers():
        return None
    if callback.state == "phone":  # answered after all: operators ring again only if the rest isn't
        callback.state, callback.next_at = "asked", waking(now + REMIND_AFTER)
    answers = answers_of(callback).joined(said)
    keep(callback, answers)
    if answers.missing:
        callback.asking = answers.missing[0]
        return Reply(words.NEXT[callback.asking], words.NEXT_BUTTONS[callback.asking])
    if answers.unhappy:
        if len(text) > reading.ENOUGH_REASON:
            callback.reason = contact_reader.mask(text)[:_LONGEST_REASON]
        else:
            callback.asking, callback.next_at = "reason", now + REASON_WITHIN
            return Reply(words.ASK_REASON.format(unit=unit_name(callback, reference)))
    return Reply(finish(session, callback, now, reference, by="resident"))


def answer_on_page(
    session: Session,
    callback_id: int,
    answers: Answers,
    text: str,
    reason: str,
    *,
    without_reason: bool = False,
    now: datetime,
    reference: Reference,
) -> PageReply:
    """Take what a resident chose and wrote on the page behind their link, all at once or question by question.

    Args:
        text: in their own words; what was chosen overrules it.
        reason: what was wrong, in their own words.
        without_reason: they would rather not say why.

    Raises:
        UnknownCallbackError, CallbackOverError: there is none, or it takes no answer any more.
    """
    callback = open_one(session, callback_id, now)
    if reading.refuses(text):
        _refuse(session, callback, now, reference)
        return PageReply(words.REFUSED)
    answers = answers_of(callback).joined(reading.read(text, callback.asking or "all")).joined(answers)
    keep(callback, answers)
    why = reason.strip() or (text.strip() if len(text.strip()) > reading.ENOUGH_REASON else "")
    if answers.unhappy and why:
        callback.reason = contact_reader.mask(why)[:_LONGEST_REASON]
    if answers.missing:
        return PageReply(missing=answers.missing)
    if answers.unhappy and not callback.reason and not without_reason:
        # Answered in full but for the reason: it counts in a day at the latest, with or without one.
        callback.asked_at, callback.ends_at = callback.asked_at or now, callback.ends_at or now + ENDS_AFTER
        callback.state, callback.asking, callback.next_at = "asked", "reason_page", now + REASON_WITHIN
        return PageReply(wants_reason=True)
    return PageReply(finish(session, callback, now, reference, by="resident"))


def record(
    session: Session, callback_id: int, answers: Answers, reason: str | None, *, by: str, now: datetime, reference: Reference
) -> Callback:
    """Record what a resident answered on the phone or behind the link.

    Raises:
        UnknownCallbackError, CallbackOverError: there is none, or it has its answer.
        ValueError: one of the three questions has no answer.
    """
    callback = open_one(session, callback_id, now)
    if answers.missing:
        raise ValueError(f"{answers.missing[0]}: 三个问题都要有答案")
    keep(callback, answers)
    callback.reason = contact_reader.mask(reason)[:_LONGEST_REASON] if reason and reason.strip() else None
    finish(session, callback, now, reference, by=by)
    return callback


def refuse(session: Session, callback_id: int, *, now: datetime, reference: Reference) -> None:
    """Note that the resident doesn't want to be asked. Raises UnknownCallbackError, CallbackOverError."""
    _refuse(session, open_one(session, callback_id, now), now, reference)


def not_reached(session: Session, callback_id: int, *, now: datetime) -> Callback:
    """Note a call that nobody took; after the third it waits for its end. Raises UnknownCallbackError, CallbackOverError."""
    callback = open_one(session, callback_id, now)
    callback.calls += 1
    if callback.calls >= MOST_CALLS:
        callback.state, callback.next_at = "planned" if callback.ends_at is None else "asked", callback.ends_at or now
    return callback


def finish(session: Session, callback: Callback, now: datetime, reference: Reference, *, by: str) -> str:
    """Count the answer, and close the order or send it back; return what the resident is told."""
    end(callback, "answered", now)
    callback.answered_by, callback.counted_at = by, now
    evaluation.count(session, result(callback))
    repository.add_co_units(session, callback)
    units = [callback.unit_code, *callback.co_units]
    webhooks.push(session, units=units, event="callback.answered", subject=callback.order_number, sequence=callback.id, now=now)
    order = orders.find(session, callback.order_number)
    answers = answers_of(callback)
    if order is None or not answers.unhappy:
        if order:
            close(session, order, words.CLOSED_SOLVED, now, reference)
        return words.THANKS
    name = unit_name(callback, reference)
    if State(order.state) is State.ANSWERED:
        why = callback.reason or (words.NO_REASON_UNSATISFIED if answers.resolved == "yes" else words.NO_REASON)
        orders.apply(session, order.number, "rework", TransitionIn(reason=why), actor=ACTOR, now=now, reference=reference)
        return words.REWORKED.format(number=order.number, unit=name)
    outbox.notice(
        session, unit_code=callback.unit_code, order_number=order.number, name="callback_unsolved", now=now, key=f"callback:{callback.id}"
    )
    return words.NOTED_UNSATISFIED.format(unit=name)


def _late(session: Session, conversation_id: str, text: str, now: datetime) -> Reply | None:
    """Say kindly that a callback is over, if that is what the resident means to answer."""
    over = repository.last_over_in(session, conversation_id, now - LATE_WITHIN, now)
    if over is None or len(text) > reading.ENOUGH_REASON:
        return None
    said = reading.read(text, None)
    if not said.satisfied and not (said.resolved and said.contacted is not None):
        return None
    return Reply(words.OVERTAKEN if over.state == "cancelled" else words.OVER)


def _refuse(session: Session, callback: Callback, now: datetime, reference: Reference) -> None:
    end(callback, "refused", now)
    if order := orders.find(session, callback.order_number):
        close(session, order, words.CLOSED_REFUSED, now, reference)
