"""What crosses the wire about subscriptions and deliveries."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

EventName = Annotated[str, StringConstraints(pattern=r"^(\*|(order|callback|evaluation)\.(\*|[a-z_]{1,32}))$")]


class SubscriptionIn(BaseModel):
    """Where a unit wants its data pushed."""

    unit_code: str = Field(max_length=16, description="承办单位代码")
    url: str = Field(max_length=400, pattern=r"^https?://[^\s/@]+(/[^\s]*)?$", description="接收地址，http 或 https，不带用户名口令")
    events: list[EventName] = Field(default=["*"], min_length=1, max_length=40, description="事件名，如 order.answer、order.*、*")


class SubscriptionOut(BaseModel):
    """A subscription; ``secret`` only in the answer to making it or renewing its secret."""

    id: str
    unit_code: str
    url: str
    events: list[str]
    active: bool
    created_at: datetime
    secret: str | None = None


class ReplayIn(BaseModel):
    """Which pushes to send once more: everything put in from ``since`` on."""

    since: AwareDatetime


class DeliveryOut(BaseModel):
    """A delivery as administrators see it: where it stands, never what is in it."""

    id: str
    sequence: int
    kind: str
    target: str
    subject: str
    event: str | None
    state: str
    attempts: int
    error: str | None
    created_at: datetime
    not_before: datetime
    settled_at: datetime | None


class DeliveriesOut(BaseModel):
    """A page of deliveries, newest first; ``next_cursor`` leads to older ones."""

    deliveries: list[DeliveryOut]
    next_cursor: int | None
    counts: dict[str, int]
    """Waiting and given up, e.g. ``{"webhook:dead": 3}``."""
