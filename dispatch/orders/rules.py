"""What a city may set about the life of its orders: limits, periods, warnings, the ladder."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class LadderStep(BaseModel):
    """Who is told when an order stays overdue: ``after`` is a share of the time limit (0.5 of 7 days is three and a half days)."""

    after: float = Field(ge=0)
    tell: Literal["above", "supervisor"]


class OrderRules(BaseSettings):
    """Read from ``JSJB_ORDERS_*`` environment variables."""

    model_config = SettingsConfigDict(env_prefix="JSJB_ORDERS_", extra="ignore", frozen=True)

    objections: int = Field(default=2, ge=1, description="objections from which on only the supervisor decides")
    extensions: int = Field(default=2, ge=0, description="extensions that a unit may take by itself")
    extension_days: int = Field(default=15, ge=0, description="days by which a unit's own extensions may move the deadline in all")
    reworks: int = Field(default=2, ge=1, description="reworks from which on the supervisor looks at the order")
    reopen_days: int = Field(default=30, ge=0, description="days after closing in which an order can be reopened")
    days_off: tuple[date, ...] = Field(default=(), description="days off beyond those that the calendar knows")
    workdays: tuple[date, ...] = Field(default=(), description="workdays that the calendar takes for days off")
    hold_days: int = Field(default=30, ge=1, description="days after which a hold ends by itself")
    dispatch_minutes: int = Field(default=30, ge=1, description="minutes in which what was registered has to be dispatched or ended")
    arrival_hours: int = Field(default=24, ge=1, description="hours to arrive in when a street whistles and names no time")
    opinion_hours: int = Field(default=72, ge=1, description="hours for an opinion on an escalated order when none are named")
    urgent_hours: int = Field(default=2, ge=0, description="time limits of up to so many hours ring at the unit on dispatch")
    warn_at: tuple[float, ...] = Field(default=(0.5, 0.8), description="shares of the time limit at which a unit is warned")
    any_hour_up_to: int = Field(default=24, ge=0, description="time limits of up to so many hours warn day and night (Art. 21)")
    ladder: tuple[LadderStep, ...] = (LadderStep(after=0.25, tell="above"), LadderStep(after=0.5, tell="supervisor"))

    def reopen_period(self) -> timedelta:
        """How long after closing an order can be reopened."""
        return timedelta(days=self.reopen_days)


@lru_cache(maxsize=1)
def current_rules() -> OrderRules:
    """Return the rules of this process, read once."""
    return OrderRules()
