"""What a resident's own page shows of an order: the stages it has gone through, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from channels.web import citizen_words as words
from dispatch.callbacks.service import Callback
from dispatch.core.clock import beijing_text
from dispatch.orders.schemas import ProgressOut
from dispatch.orders.terms import OPEN_STATES, State


class Mark(str, Enum):
    """Where a stage stands; the value is its class on the page."""

    DONE = "done"
    CURRENT = "current"
    LATE = "late"
    COMING = "coming"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of an order: what it is called, what is to be said of it, and whether it lies behind."""

    name: str
    text: str
    mark: Mark

    @property
    def spoken(self) -> str:
        """What a screen reader says of the mark."""
        return {Mark.DONE: words.DONE, Mark.CURRENT: words.CURRENT, Mark.LATE: words.CURRENT, Mark.COMING: words.COMING}[self.mark]


def stages(progress: ProgressOut, callbacks: Sequence[Callback], *, now: datetime) -> list[Stage]:
    """Return the stages of an order, oldest first: received, assigned, due, answered, rated.

    One that was withdrawn, or answered without being dispatched, has fewer. ``callbacks`` are the order's, newest round first.
    """
    state = State(progress.state)
    received = Stage(words.RECEIVED, beijing_text(progress.events[0].at), Mark.DONE)
    if state is State.WITHDRAWN:
        ended = _last(progress, "withdraw")
        return [received, Stage("撤回", words.WITHDRAWN.format(at=beijing_text(ended) if ended else ""), Mark.DONE)]
    if (concluded := _last(progress, "conclude")) is not None:
        return [received, Stage(words.ANSWERED, words.CONCLUDED_AT.format(at=beijing_text(concluded)), Mark.DONE)]
    answered = _last(progress, "answer") if state in (State.ANSWERED, State.CLOSED) else None
    return [received, _assigned(progress), *_limit(progress, now), _answered(answered), _rated(callbacks, state)]


def _assigned(progress: ProgressOut) -> Stage:
    state = State(progress.state)
    if progress.unit is None or state in (State.REGISTERED, State.OBJECTED):
        return Stage(words.ASSIGNED, words.NOT_ASSIGNED, Mark.CURRENT)
    return Stage(words.ASSIGNED, words.ASSIGNED_TO.format(unit=progress.unit.name), Mark.DONE)


def _limit(progress: ProgressOut, now: datetime) -> list[Stage]:
    state = State(progress.state)
    if state is State.HELD:
        return [Stage(words.LIMIT, words.PAUSED, Mark.CURRENT)]
    if progress.deadline_at is None:
        return [Stage(words.LIMIT, words.NO_LIMIT, Mark.COMING)]
    deadline = beijing_text(progress.deadline_at)
    working = state in OPEN_STATES or state is State.MERGED
    if working and now > progress.deadline_at:
        return [Stage(words.LIMIT, words.LATE.format(deadline=deadline), Mark.LATE)]
    return [Stage(words.LIMIT, words.PROMISED.format(deadline=deadline), Mark.CURRENT)] if working else []


def _answered(at: datetime | None) -> Stage:
    if at is None:
        return Stage(words.ANSWERED, words.NOT_ANSWERED, Mark.COMING)
    return Stage(words.ANSWERED, words.ANSWERED_AT.format(at=beijing_text(at)), Mark.DONE)


def _rated(callbacks: Sequence[Callback], state: State) -> Stage:
    if callbacks and callbacks[0].counted_at is not None and state in (State.ANSWERED, State.CLOSED):
        return Stage(words.RATED, words.RATED_DONE, Mark.DONE)
    if state is State.ANSWERED:
        return Stage(words.RATED, words.RATE_NOW, Mark.CURRENT)
    return Stage(words.RATED, words.NOT_RATED, Mark.COMING)


def _last(progress: ProgressOut, name: str) -> datetime | None:
    return next((event.at for event in reversed(progress.events) if event.name == name), None)
