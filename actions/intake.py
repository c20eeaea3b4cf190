"""From a problem to a filed order (Art. 11, 12, 14, 15): the form's questions, its reading of answers, filing, cancelling."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from rasa_sdk import Action
from rasa_sdk.events import SlotSet

from actions import wording
from actions.api import PlatformError, platform
from actions.draft import Draft, from_platform, from_slot, is_worth_keeping, place_words, with_platform
from actions.emergency import tell_line
from actions.reading import affirmed_part, begin, read
from actions.turn import Turn, read_turn

logger = logging.getLogger(__name__)

Events = list[dict[str, Any]]

_SLOTS = ("draft", "description", "place", "contact", "confirmed", "requested_slot")


def clear_slots() -> Events:
    """Return the events that forget the draft in the dialogue; the platform's copy is another matter."""
    return [SlotSet(slot, None) for slot in _SLOTS]


def slots_of(draft: Draft, *, confirmed: bool = False) -> Events:
    """Return the events that tell the form what is known: a form slot is None exactly while it must be asked for."""
    place = place_words(draft.place) or "地点不详"
    return [
        SlotSet("draft", draft.to_slot()),
        SlotSet("description", draft.description or None),
        SlotSet("place", place if draft.has_place or draft.place_unknown else None),
        SlotSet("contact", wording.contact_words(draft.phone, draft.name) if draft.has_contact else None),
        SlotSet("confirmed", True if confirmed else None),
    ]


async def store(draft: Draft, conversation: str) -> Draft:
    """Store ``draft`` at the platform and return it with the contact on file and the preview of its unit and deadline.

    A platform that doesn't answer only delays this: the next turn stores the whole draft again, and filing needs it stored.
    """
    try:
        stored = await platform().save_draft(conversation, draft.to_platform("collecting" if draft.missing() else "summary"))
    except PlatformError as error:
        logger.warning("draft not stored: %s", error)
        return draft
    return _without_needless_place(with_platform(draft, stored))


def _without_needless_place(draft: Draft) -> Draft:
    """A question goes to the unit that owns the subject: where the resident lives doesn't matter once that unit is known."""
    unit_code = (draft.unit or {}).get("code", "H")
    if draft.request_type == "咨询" and draft.description and not unit_code.startswith("H"):
        return replace(draft, place_unknown=True)
    return draft


class ValidateIntakeForm(Action):  # type: ignore[misc]  # rasa_sdk is untyped
    """Read the resident's message into the draft; an interruption sets no slot, and the form leaves the turn to the rules."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "validate_intake_form"

    async def run(self, dispatcher: Any, tracker: Any, domain: Any) -> Events:
        """Return the slots that the message fills."""
        turn = await read_turn(tracker, platform())
        if turn.understanding.get("emergency"):
            tell_line(dispatcher, turn)  # in mid-form too, before anything else; what was said stays in the draft
        known = from_slot(tracker.get_slot("draft"))
        if turn.requested is None:
            return slots_of(await store(_opened(turn, known), turn.conversation))
        if turn.intent == "correct":
            turn = await _as_affirmed(turn)
        reading = read(known or _opened(turn, None), turn, turn.requested)
        if reading.draft is None:
            return []
        draft = await store(reading.draft, turn.conversation)
        return slots_of(draft, confirmed=reading.confirmed and draft.missing() is None)


async def _as_affirmed(turn: Turn) -> Turn:
    """Return a correction as the platform reads it without what it denies: in "不是电梯，是门禁坏了" the matter is the door."""
    affirmed = affirmed_part(turn.text)
    if not affirmed or affirmed == turn.text:
        return turn
    try:
        return replace(turn, understanding=await platform().understand(affirmed))
    except PlatformError as error:
        logger.warning("correction read as a whole: %s", error)
        return turn


def _opened(turn: Turn, prepared: Draft | None) -> Draft:
    """Return the draft that the form begins with: prepared by another action, taken up again from the platform, or new."""
    if prepared is not None:
        return prepared
    if turn.draft is not None and is_worth_keeping(turn.draft):
        kept = from_platform(turn.draft, turn.message_id)
        reading = read(kept, turn, kept.missing() or "confirmed")
        return reading.draft or kept
    return begin(turn)


class AskDescription(Action):  # type: ignore[misc]  # rasa_sdk is untyped
    """Ask what happened."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_ask_intake_form_description"

    async def run(self, dispatcher: Any, tracker: Any, domain: Any) -> Events:
        """Say the question; a person is offered when it has led nowhere twice."""
        draft = from_slot(tracker.get_slot("draft")) or Draft()
        if draft.description_asked > 1:
            dispatcher.utter_message(text=wording.ASK_DESCRIPTION_AGAIN, buttons=[wording.HUMAN])
        else:
            dispatcher.utter_message(
                text=wording.ask_description_at(place_words(draft.place)) if draft.has_place else wording.ASK_DESCRIPTION
            )
        return []


class AskPlace(Action):  # type: ignore[misc]  # rasa_sdk is untyped
    """Ask where it is: openly first, then for the district; between places of the same name by buttons."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_ask_intake_form_place"

    async def run(self, dispatcher: Any, tracker: Any, domain: Any) -> Events:
        """Say the question that fits what was answered so far."""
        draft = from_slot(tracker.get_slot("draft")) or Draft()
        if draft.place_candidates:
            choices = [wording.button(place_words(candidate)) for candidate in draft.place_candidates[:4]]
            dispatcher.utter_message(text=wording.ASK_PLACE_CANDIDATES, buttons=[*choices, wording.NONE_OF_THEM])
        elif draft.place_asked and draft.place["detail"]:
            dispatcher.utter_message(text=wording.ASK_PLACE_AGAIN, buttons=[wording.NO_IDEA])
        elif draft.place_asked:
            dispatcher.utter_message(text=wording.ASK_DISTRICT, buttons=[wording.NO_IDEA])
        else:
            dispatcher.utter_message(text=wording.ASK_PLACE)
        return []


class AskContact(Action):  # type: ignore[misc]  # rasa_sdk is untyped
    """Ask how the resident can be reached; staying anonymous is always offered."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_ask_intake_form_contact"

    async def run(self, dispatcher: Any, tracker: Any, domain: Any) -> Events:
        """Say the question."""
        draft = from_slot(tracker.get_slot("draft")) or Draft()
        text = wording.ASK_CONTACT_AGAIN if draft.contact_asked else wording.ASK_CONTACT
        dispatcher.utter_message(text=text, buttons=[wording.ANONYMOUS])
        return []


class AskConfirmation(Action):  # type: ignore[misc]  # rasa_sdk is untyped
    """Show the summary, or ask what is wrong with it."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_ask_intake_form_confirmed"

    async def run(self, dispatcher: Any, tracker: Any, domain: Any) -> Events:
        """Say the summary as text with buttons, and send it as data for the channels that draw it."""
        draft = from_slot(tracker.get_slot("draft")) or Draft()
        if draft.revising:
            dispatcher.utter_message(text=wording.ASK_WHAT_TO_CHANGE, buttons=[wording.CONFIRM, wording.CANCEL])
            return []
        place = tracker.get_slot("place") or ""
        contact = wording.contact_words(draft.phone, draft.name)
        text = wording.summary(
            description=draft.description,
            matter=draft.matter_name,
            place=place,
            contact=contact,
            request_type=draft.request_type,
            unit=(draft.unit or {}).get("name"),
            deadline=draft.deadline,
        )
        data = {
            "kind": "order_summary",
            "request_type": draft.request_type,
            "matter": {"code": draft.matter_code, "name": draft.matter_name} if draft.matter_code else None,
            "description": draft.description,
            "place": draft.place,
            "contact": {"phone": draft.phone, "name": draft.name, "anonymous": not draft.phone},
            "unit": draft.unit,
            "copied_to": draft.copied_to,
            "deadline": draft.deadline,
        }
        dispatcher.utter_message(text=text, buttons=[wording.CONFIRM, wording.REVISE, wording.CANCEL], json_message=data)
        return []


class FileOrder(Action):  # type: ignore[misc]  # rasa_sdk is untyped
    """File the confirmed draft and tell the resident number, unit, copies and deadline."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_file_order"

    async def run(self, dispatcher: Any, tracker: Any, domain: Any) -> Events:
        """Store and file; if that fails nothing is forgotten, and the same key is used when it is tried again."""
        turn = await read_turn(tracker, platform())
        draft = from_slot(tracker.get_slot("draft"))
        if draft is None:
            draft = from_platform(turn.draft or {}, turn.message_id)
        if draft.unit is None:  # never stored: the platform was away when it was told
            draft = await store(draft, turn.conversation)
        try:
            order = await platform().file_order(turn.conversation, draft.idempotency_key(turn.conversation), turn.channel)
        except PlatformError as error:
            logger.warning("order not filed: %s", error)
            dispatcher.utter_message(text=wording.FILING_FAILED, buttons=[wording.RETRY, wording.HUMAN])
            return [*slots_of(draft), SlotSet("requested_slot", None)]
        dispatcher.utter_message(text=wording.filed(order, anonymous=not draft.phone), json_message={"kind": "order_filed", **order})
        return clear_slots()


class CancelIntake(Action):  # type: ignore[misc]  # rasa_sdk is untyped
    """Drop the draft because the resident says so."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_cancel_intake"

    async def run(self, dispatcher: Any, tracker: Any, domain: Any) -> Events:
        """Delete the draft at the platform and in the dialogue."""
        try:
            await platform().delete_draft(tracker.sender_id)
        except PlatformError as error:
            logger.warning("draft not deleted: %s", error)
        dispatcher.utter_message(text=wording.CANCELLED)
        return clear_slots()


class Rephrase(Action):  # type: ignore[misc]  # rasa_sdk is untyped
    """Say the form's question in other words, with an example (什么意思)."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_rephrase"

    async def run(self, dispatcher: Any, tracker: Any, domain: Any) -> Events:
        """Say the example that belongs to the pending question; the form then repeats the question itself."""
        example = wording.EXAMPLES_OF_REPHRASING.get(tracker.get_slot("requested_slot"))
        if example:
            dispatcher.utter_message(text=example)
        return []
