"""A person takes over (Art. 7), with everything said so far; and calm words for the angry (Art. 10, 12(6), 30)."""

from __future__ import annotations

import logging
from typing import Any

from rasa_sdk import Action
from rasa_sdk.events import SlotSet

from actions import wording
from actions.api import PlatformError, platform
from actions.draft import Draft, from_slot, place_words
from actions.intake import clear_slots

logger = logging.getLogger(__name__)


class Handoff(Action):  # type: ignore[misc]  # rasa_sdk is untyped
    """Put the conversation into the operators' queue; the draft stays at the platform, the dialogue lets go of it."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_handoff"

    async def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        """Ask for an operator and say where the resident stands in the queue."""
        draft = from_slot(tracker.get_slot("draft"))
        reason = "abuse" if (tracker.get_slot("abuse_count") or 0) >= len(wording.CALM) else "asked_for_person"
        try:
            queue = await platform().hand_off(tracker.sender_id, reason, note_for_operator(draft))
        except PlatformError as error:
            logger.warning("not handed off: %s", error)
            dispatcher.utter_message(text=wording.HANDOFF_FAILED)
        else:
            dispatcher.utter_message(text=wording.in_queue(queue.get("position"), queue.get("office_hours", True)))
        return [*clear_slots(), SlotSet("topic", None)]


def note_for_operator(draft: Draft | None) -> str:
    """Return what the operator should know at a glance: what is being filed, and what is still missing."""
    if draft is None:
        return "市民要求转人工"
    missing = {"description": "事项", "place": "地点", "contact": "联系方式"}.get(draft.missing() or "", "")
    parts = [draft.matter_name, place_words(draft.place), f"还缺{missing}" if missing else "待市民确认提交"]
    return "登记途中要求转人工：" + "，".join(part for part in parts if part)


class Calm(Action):  # type: ignore[misc]  # rasa_sdk is untyped
    """Answer an insult: sympathy first, the rules and their consequence when it goes on."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_calm"

    async def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        """Say the words that fit how often it has happened."""
        count = int(tracker.get_slot("abuse_count") or 0) + 1
        last = count >= len(wording.CALM)
        dispatcher.utter_message(text=wording.CALM[min(count, len(wording.CALM)) - 1], buttons=[wording.HUMAN] if last else [])
        return [SlotSet("abuse_count", count)]
