"""The rules of assessment (考评办法): weights, periods, mergers of units; versioned, in force from the first day of an assessment month."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dispatch.core.clock import BEIJING, beijing

FIELD_NAMES = {
    "response": "响应率权重",
    "solution": "解决率权重",
    "satisfaction": "满意率权重",
    "partial": "部分解决按几成计",
    "neutral": "一般按几成计",
    "month_begins": "考核月从几日起",
    "day_begins": "考核日从几点起",
    "double_assessment": "双考核",
    "mergers": "单位撤并",
}
"""What staff call the fields of the rules."""


class Merger(BaseModel):
    """A unit that was merged into another on a day: callbacks from then on count for the other."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    target: str
    day: date


class Rules(BaseModel):
    """One version of the rules.

    A month is assessed from ``month_begins`` of the month before up to the day before ``month_begins``; a day from ``day_begins`` o'clock
    of the day before to ``day_begins`` o'clock, Beijing time. Weights are shares that add up to 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    response: Decimal = Field(default=Decimal("0.10"), ge=0, le=1)
    solution: Decimal = Field(default=Decimal("0.50"), ge=0, le=1)
    satisfaction: Decimal = Field(default=Decimal("0.40"), ge=0, le=1)
    partial: Decimal = Field(default=Decimal("0"), ge=0, le=1, description="部分解决按多少计入解决率")
    neutral: Decimal = Field(default=Decimal("0.9"), ge=0, le=1, description="基本满意按多少计入满意率")
    month_begins: int = Field(default=19, ge=1, le=28)
    day_begins: int = Field(default=12, ge=0, le=23)
    double_assessment: bool = Field(default=False, description="双考核：首接单位与协办单位都计")
    mergers: tuple[Merger, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Rules:
        if self.response + self.solution + self.satisfaction != 1:
            raise ValueError("response、solution、satisfaction 三个权重之和应为 1")
        return self

    def day_of(self, moment: datetime) -> date:
        """Return the assessment day that ``moment`` falls on."""
        local = beijing(moment)
        return local.date() if self.day_begins == 0 or local.hour < self.day_begins else local.date() + timedelta(days=1)

    def month_of(self, day: date) -> tuple[int, int]:
        """Return year and month of the assessment month that an assessment day belongs to."""
        if self.month_begins == 1 or day.day < self.month_begins:
            return day.year, day.month
        return (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)

    def month(self, year: int, month: int) -> tuple[date, date]:
        """Return the first and the last day of an assessment month."""
        if self.month_begins == 1:
            first = date(year, month, 1)
            following = date(year + (month == 12), month % 12 + 1, 1)
            return first, following - timedelta(days=1)
        before = date(year - 1, 12, self.month_begins) if month == 1 else date(year, month - 1, self.month_begins)
        return before, date(year, month, self.month_begins) - timedelta(days=1)

    def begin_of(self, day: date) -> datetime:
        """Return the moment at which an assessment day begins."""
        first = day if self.day_begins == 0 else day - timedelta(days=1)
        return datetime.combine(first, time(self.day_begins), BEIJING)

    def unit_on(self, unit_code: str, day: date) -> str:
        """Return the unit that a callback of ``unit_code`` counts for on ``day``, after mergers."""
        for _ in self.mergers:
            target = next((merger.target for merger in self.mergers if merger.source == unit_code and merger.day <= day), None)
            if target is None:
                break
            unit_code = target
        return unit_code
