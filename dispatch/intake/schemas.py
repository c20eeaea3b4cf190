"""What crosses the wire in bulk intake."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class RowIn(BaseModel):
    """One message as the file has it, unchecked: the report says what is wrong with it."""

    model_config = ConfigDict(extra="forbid")

    line: int = Field(ge=1, description="行号，从 1 起，含表头")
    text: str = Field(default="", max_length=100_000)
    channel: str = Field(default="", max_length=200)
    received_at: str = Field(default="", max_length=200)
    phone: str = Field(default="", max_length=200)
    address: str = Field(default="", max_length=2_000)


class RowsIn(BaseModel):
    """Up to 500 rows at a time."""

    rows: list[RowIn] = Field(min_length=1, max_length=500)


class RowOut(BaseModel):
    """What became of a row: its order, or what is wrong with it."""

    line: int
    number: str | None = None
    unit: str | None = None
    repeated: bool = False
    """The same row was imported before; ``number`` is the order that it made then."""

    emergency: str | None = None
    """The line to ring, where somebody seems to be in danger: look at these first."""

    error: str | None = None


class RowsOut(BaseModel):
    """What became of the rows, in order."""

    rows: list[RowOut]
