"""Orders as they cross the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from dispatch.orders.terms import UNDISPATCHED_ENDINGS, CommunityList, CommunityPart, Ending, HoldGround, State
from dispatch.understanding.schemas import CopyOut, DeadlineOut, MatterOut, PlaceOut, UnitOut

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


class OrderIn(BaseModel):
    """What an order is made from (Art. 11: 时间、诉求事项等要素)."""

    model_config = ConfigDict(extra="forbid")

    description: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]
    request_type: str | None = Field(default=None, pattern="^(咨询|求助|投诉|举报|建议)$")
    handling: str = Field(
        default="dispatch",
        pattern="^(dispatch|answer|liaison|emergency|legal_channel|progress|explain|educate|law_explained|market)$",
        description="dispatch、answer、liaison 派单；其余为第十二条不派单的情形，登记后即办结，须写明 told",
    )
    told: Text | None = Field(default=None, description="不派单时告知诉求人的内容")
    dispatch_now: bool = Field(default=True, description="false：只登记，由派单员人工派单")
    matter_code: str | None = Field(default=None, max_length=8)
    subject_unit: str | None = Field(default=None, max_length=16, description="咨询事项的归口单位（知识库条目的责任单位），有则直接派给它")
    place: PlaceOut = PlaceOut()
    contact_phone: str | None = Field(default=None, max_length=32)
    contact_name: str | None = Field(default=None, max_length=40)
    anonymous: bool = False
    channel: str = Field(default="api", max_length=16)

    @model_validator(mode="after")
    def _ended_only_with_words(self) -> OrderIn:
        if self.handling in {ending.value for ending in UNDISPATCHED_ENDINGS - {Ending.ANSWER}} and self.told is None:
            raise ValueError("told: 不派单办结须写明告知诉求人的内容")
        return self


class PartIn(BaseModel):
    """One matter of several that a resident told in one order."""

    model_config = ConfigDict(extra="forbid")

    description: Text
    matter_code: str | None = Field(default=None, max_length=8, description="派单目录代码；不填则由系统研判")


class TransitionIn(BaseModel):
    """What somebody does to an order; which fields a transition needs stands in the table (``dispatch.orders.workflow``)."""

    model_config = ConfigDict(extra="forbid")

    reason: Text | None = None
    answer: Text | None = None
    unit: str | None = Field(default=None, max_length=16)
    deadline: datetime | None = None
    ending: Ending | None = None
    ground: HoldGround | None = None
    parent: str | None = Field(default=None, max_length=24)
    parts: list[PartIn] | None = Field(default=None, min_length=1, max_length=10)
    community: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)] | None = None
    community_list: CommunityList | None = None
    community_part: CommunityPart | None = None
    no_contact_reason: Text | None = None
    no_report_reason: Text | None = None


class UnmaskIn(BaseModel):
    """Why somebody has to see a resident's contact in full."""

    model_config = ConfigDict(extra="forbid")

    reason: Text


class ListIn(BaseModel):
    """Which orders to list, and from where on."""

    model_config = ConfigDict(extra="forbid")

    state: list[State] | None = Field(default=None, max_length=9, description="状态，可多个；不给就是未办结的")
    finished: bool = Field(default=False, description="没有给状态时，是否连办结的一起列")
    unit: str | None = Field(default=None, max_length=16)
    part: Literal["lead", "copied", "co"] = Field(default="lead", description="unit 对工单是承办、抄送还是协办")
    matter: str | None = Field(default=None, max_length=8)
    district: str | None = Field(default=None, max_length=32)
    street: str | None = Field(default=None, max_length=32)
    request_type: str | None = Field(default=None, pattern="^(咨询|求助|投诉|举报|建议)$")
    channel: str | None = Field(default=None, max_length=16)
    overdue: bool = False
    created_from: AwareDatetime | None = None
    created_to: AwareDatetime | None = None
    updated_after: AwareDatetime | None = None
    cursor: str | None = Field(default=None, max_length=120)
    limit: int = Field(default=50, ge=1, le=200)


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


class HelperOut(BaseModel):
    """A unit that helps: ``party`` co_unit (协办), called (吹哨) or above (报请协调), with its own deadline, state and what it said."""

    party: str
    unit: UnitOut
    state: str
    state_text: str
    due_at: datetime | None
    coming_at: datetime | None = None
    done_at: datetime | None = None
    overdue: bool
    said: str | None


class LinkOut(BaseModel):
    """Another order that an order hangs on or that hangs on it."""

    relation: str
    """``merged_into``, ``merged_from``, ``part_of`` or ``part``."""

    number: str
    state: str
    state_text: str


class StepOut(BaseModel):
    """A step that somebody may take now (a row of ``dispatch.orders.workflow``)."""

    name: str
    label: str
    to: str | None
    needs: list[str]
    takes: list[str]
    article: str


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
    ending: str | None
    ending_text: str | None
    helpers: list[HelperOut]
    links: list[LinkOut]
    objections: int
    reworks: int
    flagged: bool
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
    progress_url: str | None
    """The resident's own page on the order; None where their channel can't carry a link."""


class ProgressEventOut(BaseModel):
    """One step, in a resident's words."""

    at: datetime
    name: str
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
    merged_into: str | None = None
    parts: list[str] = []
    events: list[ProgressEventOut]
