"""Questions (咨询): answered at once where the knowledge base is sure, otherwise turned into an order (Art. 12, 13)."""

from __future__ import annotations

import logging
from typing import Any

from rasa_sdk import Action
from rasa_sdk.events import SlotSet

from actions import wording
from actions.api import Json, PlatformError, platform
from actions.draft import add_words, from_slot
from actions.intake import slots_of, store
from actions.reading import has_substance
from actions.triage import topic_of
from actions.turn import Turn, read_turn

logger = logging.getLogger(__name__)

NEAREST_SHOWN = 3


class Consult(Action):  # type: ignore[misc]  # rasa_sdk is untyped
    """Answer a question from the knowledge base, outside the form or as an interruption of it."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_consult"

    async def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        """Say the answer; unsure, the nearest titles; knowing nothing, offer to file it."""
        turn = await read_turn(tracker, platform())
        topic: Json | None = tracker.get_slot("topic")
        for option in (topic or {}).get("options") or []:
            if option["title"] == turn.text.strip():
                return _answer(dispatcher, turn, option)
        if not turn.in_form and not has_substance(turn):
            dispatcher.utter_message(text=wording.ASK_QUESTION)
            return []
        try:
            found = await platform().ask_knowledge(turn.text, turn.conversation)
        except PlatformError as error:
            logger.warning("knowledge base not asked: %s", error)
            found = None
        if turn.in_form:
            return await _answer_in_form(dispatcher, tracker, turn, found)
        if found is None:
            dispatcher.utter_message(text=wording.KNOWLEDGE_FAILED, buttons=[wording.STILL_FILE, wording.HUMAN])
            return [SlotSet("topic", topic_of(turn))]
        hits: list[Json] = found.get("hits") or []
        if found.get("answer") and hits:
            return _answer(dispatcher, turn, hits[0])
        if hits:
            options = hits[:NEAREST_SHOWN]
            choices = [wording.button(hit["title"]) for hit in options]
            dispatcher.utter_message(text=wording.NEAREST, buttons=[*choices, wording.NONE_OF_THEM])
            return [SlotSet("topic", topic_of(turn, options=options))]
        dispatcher.utter_message(text=wording.NOT_KNOWN, buttons=[wording.STILL_FILE, wording.HUMAN])
        return [SlotSet("topic", topic_of(turn))]


def _answer(dispatcher: Any, turn: Turn, hit: Json) -> list[dict[str, Any]]:
    text = wording.answer(hit["passage"], hit.get("source"), hit.get("dept"), hit.get("valid_to"))
    data = {"kind": "answer", **{key: hit.get(key) for key in ("id", "title", "dept", "source", "valid_to")}}
    dispatcher.utter_message(text=text, buttons=[wording.SOLVED, wording.UNSOLVED], json_message=data)
    return [SlotSet("topic", topic_of(turn, entry_id=hit["id"]))]


async def _answer_in_form(dispatcher: Any, tracker: Any, turn: Turn, found: Json | None) -> list[dict[str, Any]]:
    """Answer without buttons, since the form's own question follows at once; what isn't known goes into the order being told."""
    hits = (found or {}).get("hits") or []
    if found and found.get("answer") and hits:
        hit = hits[0]
        dispatcher.utter_message(text=wording.answer(hit["passage"], hit.get("source"), hit.get("dept"), hit.get("valid_to")))
        return []
    dispatcher.utter_message(text=wording.NOT_KNOWN_IN_FORM)
    draft = from_slot(tracker.get_slot("draft"))
    if draft is None or not draft.description:
        return []
    return slots_of(await store(add_words(draft, turn.text), turn.conversation))
