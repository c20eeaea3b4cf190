"""What the chat page sends."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

MAX_CHARACTERS = 20_000


class WebMessageIn(BaseModel):
    """One message of a resident; ``client_id`` is made by the page, so that sending it again changes nothing."""

    type: Literal["message"] = "message"
    client_id: str = Field(min_length=8, max_length=64, pattern="^[A-Za-z0-9_-]+$")
    text: str = Field(max_length=MAX_CHARACTERS)


class ResumeIn(BaseModel):
    """The page (again) wants everything after message ``after``."""

    type: Literal["resume"]
    after: int = Field(default=0, ge=0)
