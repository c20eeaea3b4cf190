"""Figures as they cross the wire."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class CountsOut(BaseModel):
    """How many callbacks said what."""

    valid: int
    contacted: int
    resolved: int
    partial: int
    satisfied: int
    neutral: int
    excluded: int


class RatesOut(BaseModel):
    """Percentages with one decimal; null where there was no valid callback."""

    response: Decimal | None
    solution: Decimal | None
    satisfaction: Decimal | None
    composite: Decimal | None


class UnitOut(BaseModel):
    """A unit's figures and place."""

    rank: int
    code: str
    name: str
    kind: str
    counts: CountsOut
    rates: RatesOut


class FiguresOut(BaseModel):
    """The figures of a period: by which version of the rules, the city as a whole, and every unit with a valid callback."""

    first: date
    last: date
    rules_version: int
    city: RatesOut
    city_counts: CountsOut
    units: list[UnitOut]


class DayOut(BaseModel):
    """The figures of one assessment day."""

    day: date
    counts: CountsOut
    rates: RatesOut


class RulesIn(BaseModel):
    """A new version of the rules."""

    model_config = ConfigDict(extra="forbid")

    valid_from: date
    note: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]
    content: dict[str, Any] = Field(description="见 dispatch.evaluation.rules.Rules；没写的项取默认值")


class RulesOut(BaseModel):
    """A version of the rules."""

    version: int
    valid_from: date | None
    content: dict[str, Any]
    note: str
    at: datetime | None
