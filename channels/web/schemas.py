"""What the chat page sends."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

MAX_CHARACTERS = 20_000
FileId = Annotated[str, StringConstraints(pattern="^[0-9a-f]{32}$")]


class WebLocationIn(BaseModel):
    """Where the browser says it is (degrees, WGS 84); sent only after a tap."""

    latitude: float = Field(ge=-90, le=90, allow_inf_nan=False)
    longitude: float = Field(ge=-180, le=180, allow_inf_nan=False)


class WebMessageIn(BaseModel):
    """One message of a resident; ``client_id`` is made by the page, so that sending it again changes nothing.

    ``files`` are ids of files that the same browser has uploaded before.
    """

    type: Literal["message"] = "message"
    client_id: str = Field(min_length=8, max_length=64, pattern="^[A-Za-z0-9_-]+$")
    text: str = Field(max_length=MAX_CHARACTERS)
    files: list[FileId] = Field(default=[], max_length=10)
    location: WebLocationIn | None = None


class ResumeIn(BaseModel):
    """The page (again) wants everything after message ``after``."""

    type: Literal["resume"]
    after: int = Field(default=0, ge=0)
