"""What a city may set about the analysis: ``JSJB_INSIGHT_...`` in the environment."""

from __future__ import annotations

import functools

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class InsightRules(BaseSettings):
    """Limits of the analysis."""

    model_config = SettingsConfigDict(env_prefix="JSJB_INSIGHT_", frozen=True)

    floor: int = Field(default=5, ge=2, le=100, description="no count of fewer orders (or people) is shown")
    false_discoveries: float = Field(default=0.2, gt=0, lt=0.5, description="share of surges that may be false alarms")
    least_ratio: float = Field(default=1.5, ge=1, description="a surge is at least this many times its expectation")
    repeat_days: int = Field(default=30, ge=7, le=180, description="period over which one person's orders on one matter are counted")
    repeat_times: int = Field(default=3, ge=2, le=50, description="from how many orders on a person counts as coming back")
    story_texts: int = Field(default=3000, ge=100, le=6000, description="newest orders of a week that are read for common stories")
    risk_units: tuple[str, ...] = Field(default=("B001", "B045"), description="departments told of risks to stability, beside the owner")


@functools.cache
def current_rules() -> InsightRules:
    """Return the rules of this process, read once."""
    return InsightRules()
