"""Callbacks as the assessment counts them: those behind a figure, left out for a reason, appealed against, counted anew (Art. 25)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from sqlalchemy.orm import Session

from dispatch.callbacks import repository
from dispatch.callbacks.life import UnknownCallbackError, result
from dispatch.callbacks.models import Appeal, Callback
from dispatch.evaluation import service as evaluation
from dispatch.evaluation.service import Result
from nlu import contact as contact_reader


class AppealError(ValueError):
    """An appeal that can't be made or decided; the message says why."""


def counted(
    session: Session,
    *,
    unit_code: str | None,
    first: date,
    last: date,
    part: str = evaluation.LEAD,
    said: str | None = None,
    after: int | None = None,
    limit: int = 100,
) -> list[Callback]:
    """Return the callbacks behind a figure, in the order of their ids: those completed on assessment days ``first`` to ``last``.

    Args:
        unit_code: that they count for, after mergers of units; None for the whole city.
        part: what that unit had to do with them: ``lead`` (首接) or ``co`` (协办).
        said: a column of the counts (``valid``, ``contacted``, ``resolved``, ``partial``, ``satisfied``, ``neutral``, ``excluded``).
    """
    spans = None if unit_code is None else evaluation.spans(session, unit_code, first=first, last=last)
    begin, end = evaluation.period(session, first, last)
    return list(repository.counted(session, spans=spans, begin=begin, end=end, part=part, said=said, after=after, limit=limit))


def appeal_against(session: Session, callback_id: int) -> Appeal | None:
    """Return the appeal against a callback, or None."""
    return repository.appeal_of(session, callback_id)


def exclude(session: Session, callback_id: int, why: str) -> Callback:
    """Leave a complete callback out of the assessment, for a reason. Raises UnknownCallbackError, AppealError."""
    callback = repository.by_id(session, callback_id, lock=True)
    if callback is None:
        raise UnknownCallbackError(str(callback_id))
    if callback.counted_at is None:
        raise AppealError("还没有完成的回访不需要剔除")
    if callback.excluded is None:
        evaluation.count(session, result(callback), sign=-1)
        callback.excluded = why[:400]
        evaluation.count(session, result(callback))
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


def appeals(session: Session, *, decided: bool = False, unit_code: str | None = None, limit: int = 100) -> list[Appeal]:
    """Return the appeals that wait for a decision, oldest first, or those ``decided``, newest first; of one unit or all."""
    states = ("upheld", "refused") if decided else ("pending",)
    return list(repository.appeals(session, states, unit_code, limit, newest=decided))


def recount(session: Session, *, first: date, last: date) -> None:
    """Count assessment days ``first`` to ``last`` anew, from the callbacks themselves."""
    evaluation.recount(session, _results(session, first, last), first=first, last=last)


def differences(session: Session, *, first: date, last: date) -> int:
    """Return how many unit-days of ``first`` to ``last`` don't stand as the callbacks themselves say: none, unless something is wrong."""
    return evaluation.differences(session, _results(session, first, last), first=first, last=last)


def _results(session: Session, first: date, last: date) -> Iterator[Result]:
    return (result(each) for each in repository.complete(session, *evaluation.period(session, first, last)))
