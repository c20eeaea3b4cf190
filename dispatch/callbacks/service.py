"""The life of a callback: planned, asked, reminded, answered or over; what its result does to the order and to the rates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy.orm import Session

from dispatch.callbacks import reading, repository, words
from dispatch.callbacks.models import Appeal as Appeal
from dispatch.callbacks.models import Callback as Callback
from dispatch.callbacks.reading import Answers
from dispatch.core.clock import BEIJING, beijing
from dispatch.evaluation import service as evaluation
from dispatch.evaluation.service import Result
from dispatch.orders import service as orders
from dispatch.orders.schemas import TransitionIn
from dispatch.orders.service import Actor, Order
from dispatch.orders.workflow import Role, State
from dispatch.outbox import service as outbox
from dispatch.understanding.service import Reference
from dispatch.webhooks import service as webhooks
from nlu import contact as contact_reader

FIRST_HOUR, LAST_HOUR = time(9), time(20)
"""Residents are asked between these hours of Beijing time, and at no other."""

ASK_AFTER = timedelta(hours=2)
"""How long after the answer the resident is asked: time to see whether it holds."""

REMIND_AFTER = timedelta(hours=24)
RING_AFTER = timedelta(hours=48)
ENDS_AFTER = timedelta(days=5)
REASON_WITHIN = timedelta(hours=24)
"""How long a resident may take to say why; then the order goes back without it."""

MOST_CALLS = 3
LATE_WITHIN = timedelta(days=30)
_ACTOR = Actor("callback", Role.SYSTEM)


class UnknownCallbackError(Exception):
    """There is no such callback."""


class CallbackOverError(Exception):
    """The callback has its answer already, or is over."""


class AppealError(ValueError):
    """An appeal that can't be made or decided; the message says why."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the resident is told next."""

    text: str
    buttons: tuple[str, ...] = ()


def plan(session: Session, order: Order, co_units: list[str], *, now: datetime) -> Callback | None:
    """Plan the callback about an order that was answered, or whose deadline passed (Art. 24); None for an order nobody may be asked about.

    There is one for each round: planned twice, it stays one.
    """
    if order.unit_code is None:
        return None
    existing = repository.of_order(session, order.number)
    for each in existing:
        if each.round == order.reworks + 1:
            if each.state not in repository.OPEN:
                each.next_at = now + ENDS_AFTER  # asked when it was overdue, answered late: the order still has to be closed
            return None
    for earlier in existing:
        _end(earlier, "cancelled", now)
    callback = Callback(
        order_number=order.number,
        round=order.reworks + 1,
        unit_code=order.unit_code,
        co_units=co_units,
        matter_code=order.matter_code,
        conversation_id=order.conversation_id,
        state="planned",
        next_at=waking(now + ASK_AFTER),
        calls=0,
        created_at=now,
    )
    session.add(callback)
    session.flush()
    return callback


def cancel(session: Session, order_number: str, *, now: datetime) -> None:
    """Ask no more about an order that was reopened, sent back, withdrawn or given to another unit before the resident answered."""
    for callback in repository.of_order(session, order_number):
        _end(callback, "cancelled", now)


def sweep(session: Session, *, now: datetime, reference: Reference, limit: int = 200) -> int:
    """Ask, remind, hand to operators or end what is due; return how many. Several processes may sweep at once."""
    callbacks = repository.due(session, now, limit)
    for callback in callbacks:
        _advance(session, callback, now, reference)
    return len(callbacks)


def _advance(session: Session, callback: Callback, now: datetime, reference: Reference) -> None:
    order = orders.find(session, callback.order_number)
    if callback.state not in repository.OPEN:
        callback.next_at = None
        if order:
            _close(session, order, words.CLOSED_SILENT, now, reference)
        return
    if order is None or (callback.state == "planned" and State(order.state) in (State.CLOSED, State.WITHDRAWN, State.MERGED)):
        _end(callback, "cancelled", now)
        return
    if callback.state == "asked" and callback.asking == "reason":
        _finish(session, callback, now, reference, by="resident")
        return
    if callback.ends_at is not None and now >= callback.ends_at:
        _end(callback, "expired", now)
        _close(session, order, words.CLOSED_SILENT, now, reference)
        return
    if now < (awake := waking(now)):
        callback.next_at = awake
        return
    if callback.state == "planned":
        callback.asked_at, callback.ends_at = now, now + ENDS_AFTER
        if callback.conversation_id is None:
            _to_ring(callback)
            return
        overdue = State(order.state) is not State.ANSWERED
        _say(session, callback, order, words.ASK_OVERDUE if overdue else words.ASK_ANSWERED, words.ASK_BUTTONS, now, reference, "ask")
        callback.state, callback.asking, callback.next_at = "asked", "all", waking(now + REMIND_AFTER)
    elif callback.reminded_at is None:
        _say(session, callback, order, words.REMIND, words.ASK_BUTTONS, now, reference, "remind")
        callback.reminded_at, callback.next_at = now, waking(now + RING_AFTER - REMIND_AFTER)
    else:
        _to_ring(callback)


def hear(
    session: Session, conversation_id: str, text: str, *, now: datetime, reference: Reference, mid_filing: bool = False
) -> Reply | None:
    """Take a message of a resident who was asked; None where it is no answer, so that it is heard as what it is.

    Danger is looked for before this is called. With ``mid_filing`` the resident is in the middle of another matter: then only what
    answers two questions at once is taken for an answer, because 没有 may well be meant for the other matter.
    """
    callback = repository.asked_in(session, conversation_id)
    if callback is None:
        return _late(session, conversation_id, text, now)
    if reading.refuses(text):
        _end(callback, "refused", now)
        if order := orders.find(session, callback.order_number):
            _close(session, order, words.CLOSED_REFUSED, now, reference)
        return Reply(words.REFUSED)
    if mid_filing and len(reading.read(text, "all").missing) > 1:
        return None
    if callback.asking == "reason":
        callback.reason = contact_reader.mask(text)[:2000]
        return Reply(_finish(session, callback, now, reference, by="resident"))
    said = reading.read(text, callback.asking)
    if said == Answers():
        return None
    answers = _answers(callback).joined(said)
    _keep(callback, answers)
    if answers.missing:
        callback.asking = answers.missing[0]
        return Reply(words.NEXT[callback.asking], words.NEXT_BUTTONS[callback.asking])
    if answers.unhappy:
        if len(text) > reading.ENOUGH_REASON:
            callback.reason = contact_reader.mask(text)[:2000]
        else:
            callback.asking, callback.next_at = "reason", now + REASON_WITHIN
            return Reply(words.ASK_REASON.format(unit=_unit_name(callback, reference)))
    return Reply(_finish(session, callback, now, reference, by="resident"))


def record(
    session: Session, callback_id: int, answers: Answers, reason: str | None, *, by: str, now: datetime, reference: Reference
) -> Callback:
    """Record what a resident answered on the phone or behind the link.

    Raises:
        UnknownCallbackError, CallbackOverError: there is none, or it has its answer.
        ValueError: one of the three questions has no answer.
    """
    callback = _open(session, callback_id)
    if answers.missing:
        raise ValueError(f"{answers.missing[0]}: 三个问题都要有答案")
    _keep(callback, answers)
    callback.reason = contact_reader.mask(reason)[:2000] if reason and reason.strip() else None
    _finish(session, callback, now, reference, by=by)
    return callback


def refuse(session: Session, callback_id: int, *, now: datetime, reference: Reference) -> None:
    """Note that the resident doesn't want to be asked. Raises UnknownCallbackError, CallbackOverError."""
    callback = _open(session, callback_id)
    _end(callback, "refused", now)
    if order := orders.find(session, callback.order_number):
        _close(session, order, words.CLOSED_REFUSED, now, reference)


def not_reached(session: Session, callback_id: int, *, now: datetime) -> Callback:
    """Note a call that nobody took; after the third it waits for its end. Raises UnknownCallbackError, CallbackOverError."""
    callback = _open(session, callback_id)
    callback.calls += 1
    if callback.calls >= MOST_CALLS:
        callback.state, callback.next_at = "planned" if callback.ends_at is None else "asked", callback.ends_at or now
    return callback


def to_ring(session: Session, limit: int = 100) -> list[Callback]:
    """Return the callbacks that operators have to make by phone, those that end first on top."""
    return list(repository.to_ring(session, limit))


def find(session: Session, callback_id: int) -> Callback | None:
    """Return a callback."""
    return repository.by_id(session, callback_id)


def of_order(session: Session, order_number: str) -> list[Callback]:
    """Return the callbacks of an order, newest round first."""
    return list(repository.of_order(session, order_number))


def counted(
    session: Session, *, unit_code: str | None, begin: datetime, end: datetime, after: int | None = None, limit: int = 100
) -> list[Callback]:
    """Return the callbacks behind a figure, in the order of their ids: those completed from ``begin`` until before ``end``."""
    return list(repository.counted(session, unit_code=unit_code, begin=begin, end=end, after=after, limit=limit))


def exclude(session: Session, callback_id: int, why: str) -> Callback:
    """Leave a complete callback out of the assessment, for a reason. Raises UnknownCallbackError, AppealError."""
    callback = repository.by_id(session, callback_id, lock=True)
    if callback is None:
        raise UnknownCallbackError(str(callback_id))
    if callback.counted_at is None:
        raise AppealError("还没有完成的回访不需要剔除")
    if callback.excluded is None:
        evaluation.count(session, _result(callback), sign=-1)
        callback.excluded = why[:400]
        evaluation.count(session, _result(callback))
    return callback


def appeal(session: Session, callback_id: int, *, unit_code: str, reason: str, by: str, now: datetime) -> Appeal:
    """Let the assessed unit appeal against a result, once. Raises UnknownCallbackError, AppealError."""
    callback = repository.by_id(session, callback_id, lock=True)
    if callback is None or callback.unit_code != unit_code:
        raise UnknownCallbackError(str(callback_id))
    if callback.counted_at is None:
        raise AppealError("回访还没有结果")
    if repository.appeal_of(session, callback_id):
        raise AppealError("这次回访已经申诉过")
    made = Appeal(callback_id=callback_id, unit_code=unit_code, reason=contact_reader.mask(reason), by=by, at=now, state="pending")
    session.add(made)
    session.flush()
    return made


def decide_appeal(session: Session, callback_id: int, *, uphold: bool, decision: str, by: str, now: datetime) -> Appeal:
    """Uphold an appeal, which leaves the callback out of the assessment, or refuse it. Raises AppealError."""
    made = repository.appeal_of(session, callback_id)
    if made is None or made.state != "pending":
        raise AppealError("没有待审的申诉")
    made.state, made.decided_by, made.decided_at, made.decision = "upheld" if uphold else "refused", by, now, decision
    if uphold:
        exclude(session, callback_id, f"申诉成立：{decision}")
    return made


def appeals(session: Session, state: str = "pending", limit: int = 100) -> list[Appeal]:
    """Return appeals in ``state``, oldest first."""
    return list(repository.appeals(session, state, limit))


def recount(session: Session, *, first: datetime, last: datetime) -> None:
    """Count the callbacks completed on the assessment days of ``first`` to ``last`` anew, from the callbacks themselves."""
    first_day, last_day = evaluation.day_of(session, first), evaluation.day_of(session, last)
    results: list[Result] = []
    after: int | None = None
    while rows := repository.counted(session, unit_code=None, begin=first - _A_DAY, end=last + _A_DAY, after=after, limit=1000):
        results += [_result(row) for row in rows if row.counted_at and first_day <= evaluation.day_of(session, row.counted_at) <= last_day]
        after = rows[-1].id
    evaluation.recount(session, results, first=first_day, last=last_day)


def waking(moment: datetime) -> datetime:
    """Return ``moment``, or the next moment at which residents may be asked."""
    local = beijing(moment)
    if FIRST_HOUR <= local.time() < LAST_HOUR:
        return moment
    day = local.date() if local.time() < FIRST_HOUR else local.date() + _A_DAY
    return datetime.combine(day, FIRST_HOUR, BEIJING).astimezone(moment.tzinfo)


_A_DAY = timedelta(days=1)


def _open(session: Session, callback_id: int) -> Callback:
    callback = repository.by_id(session, callback_id, lock=True)
    if callback is None:
        raise UnknownCallbackError(str(callback_id))
    if callback.state not in repository.OPEN:
        raise CallbackOverError(callback.state)
    return callback


def _answers(callback: Callback) -> Answers:
    return Answers(callback.contacted, callback.resolved, callback.satisfied)


def _keep(callback: Callback, answers: Answers) -> None:
    callback.contacted, callback.resolved, callback.satisfied = answers.contacted, answers.resolved, answers.satisfied


def _to_ring(callback: Callback) -> None:
    callback.state, callback.next_at = "phone", callback.ends_at


def _end(callback: Callback, state: str, now: datetime) -> None:
    if callback.state in repository.OPEN:
        callback.state, callback.next_at, callback.asking, callback.ends_at = state, None, None, callback.ends_at or now


def _finish(session: Session, callback: Callback, now: datetime, reference: Reference, *, by: str) -> str:
    """Count the answer, and close the order or send it back; return what the resident is told."""
    _end(callback, "answered", now)
    callback.answered_by, callback.counted_at = by, now
    evaluation.count(session, _result(callback))
    units = [callback.unit_code, *callback.co_units]
    webhooks.push(session, units=units, event="callback.answered", subject=callback.order_number, sequence=callback.id, now=now)
    order = orders.find(session, callback.order_number)
    answers = _answers(callback)
    if order is None or not answers.unhappy:
        if order:
            _close(session, order, words.CLOSED_SOLVED, now, reference)
        return words.THANKS
    name = _unit_name(callback, reference)
    if answers.resolved == "yes":
        _close(session, order, words.CLOSED_SOLVED, now, reference)
        return words.NOTED_UNSATISFIED.format(unit=name)
    if State(order.state) is State.ANSWERED:
        given = TransitionIn(reason=callback.reason or words.NO_REASON)
        orders.apply(session, order.number, "rework", given, actor=_ACTOR, now=now, reference=reference)
        return words.REWORKED.format(number=order.number, unit=name)
    outbox.notice(
        session, unit_code=callback.unit_code, order_number=order.number, name="callback_unsolved", now=now, key=f"callback:{callback.id}"
    )
    return words.NOTED_UNSATISFIED.format(unit=name)


def _close(session: Session, order: Order, why: str, now: datetime, reference: Reference) -> None:
    if State(order.state) is State.ANSWERED:
        orders.apply(session, order.number, "close", TransitionIn(reason=why), actor=_ACTOR, now=now, reference=reference)


def _late(session: Session, conversation_id: str, text: str, now: datetime) -> Reply | None:
    """Say kindly that a callback is over, if that is what the resident means to answer."""
    if repository.last_over_in(session, conversation_id, now - LATE_WITHIN) is None or len(text) > reading.ENOUGH_REASON:
        return None
    said = reading.read(text, None)
    return Reply(words.OVER) if said.satisfied or (said.resolved and said.contacted is not None) else None


def _result(callback: Callback) -> Result:
    assert callback.counted_at is not None
    assert callback.contacted is not None
    assert callback.resolved is not None
    assert callback.satisfied is not None
    return Result(
        callback.unit_code,
        tuple(callback.co_units),
        callback.counted_at,
        callback.contacted,
        callback.resolved,
        callback.satisfied,
        callback.excluded is not None,
    )


def _say(
    session: Session, callback: Callback, order: Order, text: str, buttons: tuple[str, ...], now: datetime, reference: Reference, step: str
) -> None:
    outbox.notify_resident(
        session,
        conversation_id=callback.conversation_id,
        order_number=order.number,
        text=text.format(matter=order.matter_name or "诉求", number=order.number, unit=_unit_name(callback, reference)),
        now=now,
        key=f"callback:{callback.id}:{step}",
        buttons=buttons,
    )


def _unit_name(callback: Callback, reference: Reference) -> str:
    unit = reference.units.find(callback.unit_code)
    return unit.name if unit else "承办单位"
