"""Orders as they cross the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from dispatch.understanding.schemas import CopyOut, DeadlineOut, MatterOut, PlaceOut, UnitOut

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


class OrderIn(BaseModel):
    """What an order is made from (Art. 11: 时间、诉求事项等要素)."""

    model_config = ConfigDict(extra="forbid")

    description: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]
    request_type: str | None = Field(default=None, pattern="^(咨询|求助|投诉|举报|建议)$")
    handling: str = Field(default="dispatch", pattern="^(dispatch|answer|liaison)$")
    matter_code: str | None = Field(default=None, max_length=8)
    place: PlaceOut = PlaceOut()
    contact_phone: str | None = Field(default=None, max_length=32)
    contact_name: str | None = Field(default=None, max_length=40)
    anonymous: bool = False
    channel: str = Field(default="api", max_length=16)


class TransitionIn(BaseModel):
    """What somebody does to an order; which fields a transition needs stands in the table (``dispatch.orders.workflow``)."""

    model_config = ConfigDict(extra="forbid")

    reason: Text | None = None
    answer: Text | None = None
    unit: str | None = Field(default=None, max_length=16)
    deadline: datetime | None = None


class ContactOut(BaseModel):
    """The resident's contact, masked."""

    phone: str | None
    name: str | None
    anonymous: bool


class EventOut(BaseModel):
    """One thing that happened (who, when, from, to, why, article)."""

    sequence: int
    at: datetime
    name: str
    label: str
    actor: str
    role: str
    from_state: str | None
    to_state: str
    article: str
    detail: dict[str, Any]


class OrderOut(BaseModel):
    """An order as staff see it."""

    number: str
    state: str
    state_text: str
    version: int
    request_type: str | None
    handling: str
    matter: MatterOut | None
    description: str
    place: PlaceOut
    contact: ContactOut
    unit: UnitOut | None
    copied_to: list[CopyOut]
    co_units: list[CopyOut]
    deadline_at: datetime | None
    deadline: DeadlineOut | None
    overdue: bool
    answer: str | None
    channel: str
    created_at: datetime
    updated_at: datetime


class FiledOut(BaseModel):
    """What a resident is told when an order has been filed."""

    number: str
    unit: UnitOut | None
    copied_to: list[CopyOut]
    deadline_at: datetime | None
    deadline: DeadlineOut | None
    matter: MatterOut | None
    state: str
    progress_url: str


class ProgressEventOut(BaseModel):
    """One step, in a resident's words."""

    at: datetime
    text: str


class ProgressOut(BaseModel):
    """How an order stands, in a resident's words (Art. 9(3): 了解诉求办理情况)."""

    number: str
    state: str
    state_text: str
    matter: MatterOut | None
    unit: UnitOut | None
    deadline_at: datetime | None
    answer: str | None
    events: list[ProgressEventOut]
