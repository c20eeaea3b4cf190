"""What ``jsjb understand`` prints and ``POST /api/v1/understand`` returns (DESIGN.md section 6)."""

from __future__ import annotations

from pydantic import BaseModel, Field


class UnderstandIn(BaseModel):
    """A text to understand."""

    text: str = Field(max_length=20_000)


class EmergencyOut(BaseModel):
    """Which line to ring (Art. 12(1)), the words that say so, and other lines that are needed too."""

    line: str
    evidence: str
    also: list[str]


class MatterOut(BaseModel):
    """A catalogue item (诉求事项)."""

    code: str
    name: str


class PlaceOut(BaseModel):
    """Where it is; null where it isn't known: a wrong street is worse than none."""

    district: str | None = None
    street: str | None = None
    community: str | None = None
    detail: str | None = None


class UnitOut(BaseModel):
    """The unit that must act (承办单位)."""

    code: str
    name: str


class CopyOut(BaseModel):
    """Who gets a copy (Art. 14(1))."""

    name: str


class DeadlineOut(BaseModel):
    """The time limit (Art. 15)."""

    hours: int
    basis: str


class ConfidenceOut(BaseModel):
    """How sure each reading is, 0 to 1; null where there is no reading."""

    request_type: float | None
    matter: float | None
    place: float | None


class Understanding(BaseModel):
    """Everything read from one message."""

    request_type: str | None
    handling: str
    channel: str | None
    emergency: EmergencyOut | None
    matter: MatterOut | None
    place: PlaceOut
    place_candidates: list[PlaceOut]
    unit: UnitOut | None
    copied_to: list[CopyOut]
    deadline: DeadlineOut | None
    confidence: ConfidenceOut
    others: list[MatterOut]
    stability_risk: bool
    why: list[str]
