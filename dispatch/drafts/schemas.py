"""Drafts as they cross the wire; contact details only masked."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from dispatch.orders.schemas import ContactOut
from dispatch.understanding.schemas import CopyOut, DeadlineOut, MatterOut, PlaceOut, UnitOut


class DraftIn(BaseModel):
    """What the assistant has gathered; the contact's phone and name come from the gateway and never from here."""

    model_config = ConfigDict(extra="forbid")

    request_type: str | None = Field(default=None, pattern="^(咨询|求助|投诉|举报|建议)$")
    handling: str = Field(default="dispatch", pattern="^(dispatch|answer|liaison)$")
    matter_code: str | None = Field(default=None, max_length=8)
    description: str = Field(default="", max_length=20_000)
    place: PlaceOut = PlaceOut()
    anonymous: bool = False
    subject_unit: str | None = Field(default=None, pattern=r"^\w{1,16}$")
    state: Literal["collecting", "summary"] = "collecting"


class DraftOut(BaseModel):
    """A draft, with a preview of where it would go."""

    state: str
    request_type: str | None
    handling: str
    matter: MatterOut | None
    description: str
    place: PlaceOut
    contact: ContactOut
    unit: UnitOut | None
    copied_to: list[CopyOut]
    deadline: DeadlineOut | None
