"""Transcripts as they cross the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, HttpUrl, StringConstraints, model_validator

Id = Annotated[str, StringConstraints(pattern=r"^[\w.:-]+$", min_length=1, max_length=40)]


class SegmentIn(BaseModel):
    """What was said, as the recogniser heard it. A higher ``revision`` of the same id replaces what was heard before."""

    model_config = ConfigDict(extra="forbid")

    id: Id
    revision: int = Field(default=0, ge=0, le=10**6)
    speaker: Literal["caller", "agent"]
    start: float = Field(ge=0, le=86_400, allow_inf_nan=False, description="秒，自通话开始")
    end: float = Field(ge=0, le=86_400, allow_inf_nan=False)
    confidence: float = Field(default=1.0, ge=0, le=1)
    text: str = Field(max_length=4000)

    @model_validator(mode="after")
    def _in_order(self) -> SegmentIn:
        if self.end < self.start:
            raise ValueError("end: 不能早于 start")
        return self


class CallIn(BaseModel):
    """What is known of a call beside its words."""

    model_config = ConfigDict(extra="forbid")

    caller_number: str | None = Field(default=None, max_length=32, pattern=r"^\+?[\d\- ]{3,31}$")
    caller_name: str | None = Field(default=None, max_length=40)
    agent: str | None = Field(default=None, max_length=40, description="话务员工号")
    started_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None


class TranscriptIn(BaseModel):
    """A call or a part of it. Parts may come in any order and again; ``final`` says that the call is over."""

    model_config = ConfigDict(extra="forbid")

    call_id: str = Field(pattern=r"^[\w.:@-]{1,80}$")
    segments: list[SegmentIn] = Field(default=[], max_length=2000)
    metadata: CallIn = CallIn()
    recording_url: HttpUrl | None = Field(default=None, max_length=2000)
    final: bool = False


class TranscriptOut(BaseModel):
    """How a call stands: ``emergency`` is the line to ring, ``low_confidence`` the segments that were hardly heard."""

    call_id: str
    conversation_id: str
    state: str
    segments: int
    low_confidence: list[str]
    emergency: str | None
    order_number: str | None
    deadline_at: datetime | None
