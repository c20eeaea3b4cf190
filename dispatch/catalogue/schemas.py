"""The catalogue as it crosses the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from dispatch.catalogue.loader import CatalogueItem

Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500, pattern=r"^[^\x00]*$")]
VersionNumber = Annotated[int, Field(ge=1, le=2**31 - 1)]


class VersionOut(BaseModel):
    """One published version: ``origin`` is ``files`` (came with a release) or ``console``; ``items`` counts its matters."""

    id: int
    published_at: datetime
    origin: str
    published_by: str | None
    note: str
    items: int
    in_force: bool


class CatalogueOut(BaseModel):
    """A version with (some of) its items, by code."""

    version: VersionOut
    items: list[CatalogueItem]


class FieldChangeOut(BaseModel):
    """One field that differs; values as in the item."""

    field: str
    before: Any
    after: Any


class ItemChangeOut(BaseModel):
    """One item that differs; ``fields`` only where it stands in both versions."""

    code: str
    name: str
    kind: Literal["added", "removed", "changed"]
    fields: list[FieldChangeOut]


class DiffOut(BaseModel):
    """What version ``after`` says differently from version ``before``."""

    before: int
    after: int
    changes: list[ItemChangeOut]


class EditionIn(BaseModel):
    """What a new version is to say, made from the one in force (``base``) in exactly one of three ways.

    ``items`` is the whole catalogue; ``changes`` are items to put in place of those with the same code or to add, and
    ``removed`` codes to leave out; ``restore`` is the number of an earlier version to put in force again.
    """

    model_config = ConfigDict(extra="forbid")

    base: VersionNumber
    items: Annotated[list[dict[str, Any]], Field(max_length=5000)] | None = None
    changes: Annotated[list[dict[str, Any]], Field(max_length=5000)] = []
    removed: Annotated[list[str], Field(max_length=5000)] = []
    restore: VersionNumber | None = None

    @model_validator(mode="after")
    def _one_way(self) -> EditionIn:
        if sum((self.items is not None, bool(self.changes or self.removed), self.restore is not None)) != 1:
            raise ValueError("give items, or changes and removed, or restore")
        return self


class PublishIn(EditionIn):
    """A new version to publish, and why (``note``)."""

    note: Note
