"""What the analysis shows. Counts, names of places and matters, words that many used: nothing that one person wrote."""

from __future__ import annotations

from datetime import date
from typing import Generic, TypeVar

from pydantic import AwareDatetime, BaseModel, Field


class PlaceMatter(BaseModel):
    """Where and on what; ``district`` and ``street`` are None for all of them."""

    district: str | None
    street: str | None
    matter_code: str = Field(description="派单目录代码；两位为大类")
    matter: str


class SurgeOut(PlaceMatter):
    """A hot spot: more than the season lets expect."""

    days: int = Field(description="时段长度，天；到 day 为止")
    observed: int
    expected: float = Field(description="按前八周、上年同期和周边走势估计的件数")
    ratio: float
    q: float = Field(description="误报率上界（Benjamini-Hochberg）")


class StoryOut(BaseModel):
    """One thing that many people told of in different words."""

    title: list[str] = Field(description="其中至少 floor 人都用到的词")
    people: int
    orders: int
    district: str | None = Field(description="过半工单所在的区，没有就不写")
    street: str | None
    matter: str | None = Field(description="最多的事项")


class RepeatOut(BaseModel):
    """People who came back with the same matter: counted, not named."""

    district: str | None = Field(description="空为全市")
    matter_code: str
    matter: str
    people: int
    orders: int | None


class ForecastOut(BaseModel):
    """What a matter will bring in ``month``, and how wrong the same forecast was in months it hadn't seen."""

    matter_code: str
    matter: str
    month: date
    expected: float
    low: float
    high: float
    last_month: int
    error: float | None = Field(description="留出月份上的误差占实际件数的比例")
    naive_error: float | None = Field(description="照搬去年同月的误差")
    held_out: int
    warning: bool = Field(description="预计明显多于上月，提前预警")


class TopicOut(BaseModel):
    """A matter for 每月一题 with its evidence."""

    matter_code: str
    matter: str
    filed: int
    months_on_top: int
    rework_rate: float | None = Field(description="件数太少时不显示")
    overdue_rate: float | None
    score: float


class RiskOut(BaseModel):
    """A risk to stability and who was told of it."""

    order: str
    units: list[str]
    at: AwareDatetime


Row = TypeVar("Row", bound=BaseModel)


class Found(BaseModel, Generic[Row]):
    """The newest result of one analysis; ``day`` is None where it hasn't run yet."""

    day: date | None = Field(description="截至哪一天（北京时间，含当日）")
    made_at: AwareDatetime | None
    floor: int = Field(description="件数（人数）低于它的一律不显示")
    rows: list[Row]
