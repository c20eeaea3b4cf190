"""Where an entry stands, and what may not be done to it then."""

from __future__ import annotations

from enum import Enum


class State(str, Enum):
    """Where an entry stands; only published ones are answered."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class NoSuchEntryError(LookupError):
    """There is no such entry or version."""


class IllegalStepError(ValueError):
    """The version or entry is not in a state that allows this step; the message says which it is in."""
