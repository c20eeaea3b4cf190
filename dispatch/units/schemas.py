"""Units as they cross the wire."""

from __future__ import annotations

from pydantic import BaseModel


class UnitOut(BaseModel):
    """A unit (承办单位)."""

    code: str
    name: str
    kind: str
    district: str | None
    parent_code: str | None
    duties: str
    contact_hours: str


class UnitRef(BaseModel):
    """A unit, named in passing."""

    code: str
    name: str
