"""One message as the actions see it: the resident's words, Rasa's reading and the platform's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from actions.api import DispatchApi, Json, PlatformError

PLACE_PARTS = ("district", "street", "community", "detail")


@dataclass(frozen=True, slots=True)
class Turn:
    """A message with everything known about it; the lists and dicts are the gateway's own JSON."""

    conversation: str
    message_id: str
    text: str
    intent: str
    confidence: float
    """How sure the classifier is of ``intent``, 0 to 1."""
    channel: str
    understanding: Json
    phone: str | None
    name: str | None
    order_numbers: list[str]
    draft: Json | None
    requested: str | None
    in_form: bool

    @property
    def handling(self) -> str | None:
        """What the platform would do with the message on its own."""
        return self.understanding.get("handling")

    @property
    def matter(self) -> Json | None:
        """``{"code", "name"}`` of the message's main matter."""
        return self.understanding.get("matter")

    @property
    def place(self) -> dict[str, str | None]:
        """The message's place; every part may be None."""
        found = self.understanding.get("place") or {}
        return {part: found.get(part) for part in PLACE_PARTS}

    @property
    def place_candidates(self) -> list[dict[str, str | None]]:
        """Places that the message may mean, when it is ambiguous."""
        return list(self.understanding.get("place_candidates") or [])

    @property
    def has_place(self) -> bool:
        """Whether the message names any place that the city knows."""
        return any(self.place[part] for part in ("district", "street", "community"))


async def read_turn(tracker: Any, api: DispatchApi) -> Turn:
    """Return the latest message of a rasa-sdk ``tracker``.

    The gateway sends its understanding in the metadata. Where it is missing (``rasa shell``, a test by hand) the platform is
    asked; if it doesn't answer, the message counts as not understood, and the dialogue asks.
    """
    message: Json = tracker.latest_message
    metadata: Json = message.get("metadata") or {}
    text: str = message.get("text") or ""
    understanding = metadata.get("understanding")
    if understanding is None:
        try:
            understanding = await api.understand(text)
        except PlatformError:
            understanding = {}
    contact: Json = metadata.get("contact") or {}
    return Turn(
        conversation=tracker.sender_id,
        message_id=message.get("message_id") or "",
        text=text,
        intent=(message.get("intent") or {}).get("name") or "nlu_fallback",
        confidence=float((message.get("intent") or {}).get("confidence") or 0.0),
        channel=metadata.get("channel") or "web",
        understanding=understanding,
        phone=contact.get("phone"),
        name=contact.get("name"),
        order_numbers=list(metadata.get("order_numbers") or []),
        draft=metadata.get("draft"),
        requested=tracker.get_slot("requested_slot"),
        in_form=(tracker.active_loop or {}).get("name") == "intake_form",
    )
