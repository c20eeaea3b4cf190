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


Row = TypeVar("Row", bound=BaseModel)


class Found(BaseModel, Generic[Row]):
    """The newest result of one analysis; ``day`` is None where it hasn't run yet."""

    day: date | None = Field(description="截至哪一天（北京时间，含当日）")
    made_at: AwareDatetime | None
    floor: int = Field(description="件数（人数）低于它的一律不显示")
    rows: list[Row]
