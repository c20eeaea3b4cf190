"""The draft order while it is being told: what is known, what is still to be asked, and how a message changes it.

Pure functions over plain values. The platform's copy is the true one; the slot ``draft`` only carries it through a turn.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from actions.api import Json
from actions.turn import PLACE_PARTS

PlaceParts = dict[str, str | None]

NO_PLACE: PlaceParts = dict.fromkeys(PLACE_PARTS)
MAX_DESCRIPTION = 4000
_HANDLINGS = ("dispatch", "answer", "liaison")


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft order and the state of its telling (诉求工单, Art. 11)."""

    started: str = ""
    """Id of the message it began with: two orders with the same words in one conversation are still two."""
    request_type: str | None = None
    handling: str = "dispatch"
    matter_code: str | None = None
    matter_name: str | None = None
    description: str = ""
    description_asked: int = 0
    place: PlaceParts = field(default_factory=lambda: dict(NO_PLACE))
    place_candidates: list[PlaceParts] = field(default_factory=list)
    place_asked: int = 0
    place_unknown: bool = False
    """The resident can't say, or the matter needs none."""
    phone: str | None = None
    """Masked; the platform holds the number."""
    name: str | None = None
    anonymous: bool = False
    contact_asked: int = 0
    revising: bool = False
    """The summary was shown and something in it is wrong."""
    subject_unit: str | None = None
    """Code of the unit that owns the subject of a question: who answers it where the knowledge base couldn't."""
    unit: Json | None = None
    copied_to: list[Json] = field(default_factory=list)
    deadline: Json | None = None

    @property
    def has_place(self) -> bool:
        """Whether at least the district is known."""
        return bool(self.place["district"])

    @property
    def has_contact(self) -> bool:
        """Whether the resident can be reached, or doesn't want to be."""
        return bool(self.phone) or self.anonymous

    def missing(self) -> str | None:
        """Return the slot to ask for next: ``description``, ``place``, ``contact``; None when all is told."""
        if not self.description:
            return "description"
        if not self.has_place and not self.place_unknown:
            return "place"
        if not self.has_contact:
            return "contact"
        return None

    def to_slot(self) -> Json:
        """Return the draft as a slot's value."""
        return asdict(self)

    def to_platform(self, state: str) -> Json:
        """Return the body of ``PUT /conversations/{id}/draft``; ``state`` is collecting or summary."""
        return {
            "request_type": self.request_type,
            "handling": self.handling,
            "matter_code": self.matter_code,
            "description": self.description,
            "place": self.place,
            "anonymous": self.anonymous and not self.phone,
            "subject_unit": self.subject_unit,
            "state": state,
        }

    def idempotency_key(self, conversation: str) -> str:
        """Return a key of at most 60 characters that is the same for the same draft told in the same conversation."""
        told = json.dumps([self.started, self.to_platform("summary"), self.phone], ensure_ascii=False, sort_keys=True)
        return f"{conversation[:40]}-{hashlib.sha256(told.encode()).hexdigest()[:16]}"


def from_slot(value: Any) -> Draft | None:
    """Return the draft that a slot carries, or None."""
    return Draft(**value) if value else None


def is_worth_keeping(stored: Json | None) -> bool:
    """Return whether the platform's draft tells of a matter (it may hold only a phone number)."""
    return bool(stored and (stored.get("description") or stored.get("matter")))


def with_platform(draft: Draft, stored: Json) -> Draft:
    """Return ``draft`` with what only the platform knows: the contact on file and where the order would go."""
    contact = stored.get("contact") or {}
    return replace(
        draft,
        phone=contact.get("phone") or draft.phone,
        name=contact.get("name") or draft.name,
        unit=stored.get("unit"),
        copied_to=list(stored.get("copied_to") or []),
        deadline=stored.get("deadline"),
    )


def from_platform(stored: Json, started: str) -> Draft:
    """Return the platform's draft, for a dialogue that has lost its own."""
    matter = stored.get("matter") or {}
    place = stored.get("place") or {}
    handling = stored.get("handling")
    draft = Draft(
        started=started,
        request_type=stored.get("request_type"),
        handling=handling if handling in _HANDLINGS else "dispatch",
        matter_code=matter.get("code"),
        matter_name=matter.get("name"),
        description=stored.get("description") or "",
        place={part: place.get(part) for part in PLACE_PARTS},
        anonymous=bool((stored.get("contact") or {}).get("anonymous")),
    )
    draft = with_platform(draft, stored)
    # A summary was shown without a place: the resident couldn't say where, so don't ask again.
    return replace(draft, place_unknown=not draft.has_place) if stored.get("state") == "summary" else draft


def add_words(draft: Draft, text: str) -> Draft:
    """Return ``draft`` with ``text`` added to the description, unless it says that already."""
    text = text.strip()
    if not text or text in draft.description:
        return draft
    joined = f"{draft.description}\n{text}" if draft.description else text
    return replace(draft, description=joined[:MAX_DESCRIPTION])


def set_place(draft: Draft, found: PlaceParts) -> Draft:
    """Return ``draft`` with the place replaced by ``found``; within the same district its finer parts are kept or refined."""
    same = not found.get("district") or found["district"] == draft.place["district"]
    coarser_kept = same and (not found.get("street") or found["street"] == draft.place["street"])
    base = dict(draft.place) if coarser_kept else {**NO_PLACE, "district": draft.place["district"] if same else None}
    merged = {part: found.get(part) or base[part] for part in PLACE_PARTS}
    if found.get("community") and found["community"] != draft.place["community"] and not found.get("detail"):
        merged["detail"] = None
    return replace(draft, place=merged, place_candidates=[], place_unknown=False)


def place_words(place: PlaceParts) -> str:
    """Return a place in one line, the city's own parts without repeating what the finer part says already."""
    words = ""
    for part in PLACE_PARTS:
        value = place.get(part)
        if value and value not in words:
            words += value
    return words
