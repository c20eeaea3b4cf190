"""How the desk is set up: assignment, returning, closing, office hours."""

from __future__ import annotations

import re
from datetime import datetime, time

from pydantic import BaseModel, ConfigDict, Field, field_validator

from dispatch.core.clock import beijing

_BLOCK = re.compile(r"([1-7])(?:-([1-7]))? ([01]\d|2[0-3]):([0-5]\d)-(?:(24):(00)|([01]\d|2[0-3]):([0-5]\d))")
ALL_WEEK = ("1-7 00:00-24:00",)


class DeskSettings(BaseModel):
    """Minutes are whole minutes; 0 switches that rule off."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    assign: bool = True
    """Whether waiting conversations are assigned to operators by load and skill; without it they take them themselves."""
    accept_minutes: int = Field(default=2, ge=0, le=60)
    """After so long an assignment that nobody took up goes to somebody else."""
    answer_minutes: int = Field(default=10, ge=0, le=240)
    """After so long without a word from the operator who holds it a conversation goes back into the queue."""
    idle_minutes: int = Field(default=30, ge=0, le=1440)
    """After so long a silence on both sides the talk ends."""
    away_seconds: int = Field(default=120, ge=60, le=3600)
    """After so long without a sign of life an operator counts as offline."""
    capacity: int = Field(default=5, ge=1, le=50)
    """Conversations at once up to which an operator is assigned new ones, unless they have a limit of their own."""
    office_hours: tuple[str, ...] = Field(default=ALL_WEEK, max_length=20)
    """Blocks like ``1-5 08:30-12:00`` (Monday is 1, Beijing time). Art. 7: the hotline itself is staffed round the clock."""

    @field_validator("office_hours")
    @classmethod
    def _blocks(cls, blocks: tuple[str, ...]) -> tuple[str, ...]:
        for block in blocks:
            found = _BLOCK.fullmatch(block)
            if found is None or _minutes(block)[0] >= _minutes(block)[1]:
                raise ValueError(f"office_hours: “{block}”应写成“1-5 08:30-12:00”（周一为 1，起早于止）")
            if found[2] and found[2] < found[1]:
                raise ValueError(f"office_hours: “{block}”的星期应从小到大")
        return blocks

    def open_at(self, moment: datetime) -> bool:
        """Say whether ``moment`` lies in one of the blocks of the office hours."""
        local = beijing(moment)
        day, minute = str(local.isoweekday()), _minute(local.time())
        for block in self.office_hours:
            found = _BLOCK.fullmatch(block)
            begin, end = _minutes(block)
            if found and found[1] <= day <= (found[2] or found[1]) and begin <= minute < end:
                return True
        return False


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _minutes(block: str) -> tuple[int, int]:
    begin, end = ((int(hour) * 60 + int(minute)) for hour, minute in re.findall(r"(\d\d):(\d\d)", block))
    return begin, end
