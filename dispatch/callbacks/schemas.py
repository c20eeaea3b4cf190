"""Callbacks as they cross the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class AnswerIn(BaseModel):
    """What a resident answered (Art. 24)."""

    model_config = ConfigDict(extra="forbid")

    contacted: bool = Field(description="有人联系过吗")
    resolved: Literal["yes", "no", "partial"] = Field(description="解决了吗")
    satisfied: Literal["satisfied", "neutral", "dissatisfied"] = Field(description="满意吗")
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] | None = None


class AppealIn(BaseModel):
    """Why a unit thinks that a result shouldn't count."""

    model_config = ConfigDict(extra="forbid")

    reason: Text


class DecisionIn(BaseModel):
    """The review of an appeal."""

    model_config = ConfigDict(extra="forbid")

    uphold: bool
    decision: Text


class ExclusionIn(BaseModel):
    """Why a callback isn't assessed."""

    model_config = ConfigDict(extra="forbid")

    reason: Text


class CallbackOut(BaseModel):
    """A callback as staff see it."""

    id: int
    order_number: str
    round: int
    unit_code: str
    state: str
    asked_at: datetime | None
    ends_at: datetime | None
    calls: int
    contacted: bool | None
    resolved: str | None
    satisfied: str | None
    reason: str | None
    counted_at: datetime | None
    excluded: str | None


class CallbacksOut(BaseModel):
    """A page of callbacks; ``next_cursor`` leads on."""

    callbacks: list[CallbackOut]
    next_cursor: int | None


class AppealOut(BaseModel):
    """An appeal and where its review stands."""

    callback_id: int
    unit_code: str
    reason: str
    at: datetime
    state: str
    decided_at: datetime | None
    decision: str | None
