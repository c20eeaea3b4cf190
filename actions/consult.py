"""Questions (咨询): answered at once where the knowledge base is sure, otherwise turned into an order (Art. 12, 13)."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from rasa_sdk import Action
from rasa_sdk.events import FollowupAction, SlotSet

from actions import wording
from actions.api import Json, PlatformError, platform
from actions.draft import MAX_DESCRIPTION, add_words, from_slot
from actions.intake import slots_of, store
from actions.reading import begin, has_substance
from actions.turn import Turn, read_turn

logger = logging.getLogger(__name__)

NEAREST_SHOWN = 3
MISSES_BEFORE_AN_ORDER = 2

Events = list[dict[str, Any]]


class Consult(Action):  # type: ignore[misc]  # rasa_sdk is untyped
    """Answer a question from the knowledge base, outside the form or as an interruption of it."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_consult"

    async def run(self, dispatcher: Any, tracker: Any, domain: Any) -> Events:
        """Say the answer; unsure, the nearest titles; knowing nothing, offer to file it; missing twice, begin the order."""
        turn = await read_turn(tracker, platform())
        topic: Json = tracker.get_slot("topic") or {}
        for option in topic.get("options") or []:
            if option["title"] == turn.text.strip():
                return await _give(dispatcher, turn, topic, option)
        if not turn.in_form and not topic.get("about") and not has_substance(turn):
            dispatcher.utter_message(text=wording.ASK_QUESTION)
            return []
        try:
            found = await platform().ask_knowledge(turn.text, turn.conversation, topic.get("about"))
        except PlatformError as error:
            logger.warning("knowledge base not asked: %s", error)
            found = None
        if turn.in_form:
            return await _answer_in_form(dispatcher, tracker, turn, topic, found)
        if found is None:
            dispatcher.utter_message(text=wording.KNOWLEDGE_FAILED, buttons=[wording.STILL_FILE, wording.HUMAN])
            return [SlotSet("topic", _topic(turn, topic, wording.NOT_ASKED))]
        hits: list[Json] = found.get("hits") or []
        if found.get("answer") and hits:
            return _answer(dispatcher, turn, topic, hits[0], found)
        return _miss(dispatcher, turn, topic, hits[:NEAREST_SHOWN], found.get("asked"))


async def _give(dispatcher: Any, turn: Turn, topic: Json, option: Json) -> Events:
    """Answer with the title that was picked, as it stands now."""
    try:
        hit = await platform().give_answer(turn.conversation, option["id"])
    except PlatformError as error:
        logger.warning("picked entry not given: %s", error)
        dispatcher.utter_message(text=wording.KNOWLEDGE_FAILED, buttons=[wording.STILL_FILE, wording.HUMAN])
        return []
    return _answer(dispatcher, turn, topic, hit, {})


def _answer(dispatcher: Any, turn: Turn, topic: Json, hit: Json, found: Json) -> Events:
    text = wording.answer(hit, channel=turn.channel, excerpt=found.get("excerpt"), asked=found.get("asked"))
    keys = ("id", "title", "dept", "source", "article", "valid_to", "updated_on", "version")
    data = {"kind": "answer", **{key: hit.get(key) for key in keys}}
    if turn.channel == "web" and not found.get("excerpt"):
        data["html"] = hit.get("html")
    dispatcher.utter_message(text=text, buttons=[wording.SOLVED, wording.UNSOLVED], json_message=data)
    remembered = _topic(turn, topic, wording.was_answered(hit["title"]), asked=found.get("asked"), owner=hit.get("unit_code"))
    return [SlotSet("topic", {**remembered, "entry_id": hit["id"], "about": hit["id"], "owner": hit.get("unit_code"), "misses": 0})]


def _miss(dispatcher: Any, turn: Turn, topic: Json, hits: list[Json], asked: str | None) -> Events:
    misses = int(topic.get("misses") or 0) + 1
    owner = None
    if turn.matter is None:
        # What leans on an answer belongs to whoever owns that answer, whatever its words alone come near to.
        owner = topic.get("owner") if asked else hits[0].get("unit_code") if hits else None
    remembered = _topic(turn, topic, wording.was_offered([hit["title"] for hit in hits]), asked=asked, owner=owner)
    if misses >= MISSES_BEFORE_AN_ORDER:
        dispatcher.utter_message(text=wording.MISSED_AGAIN)
        return [SlotSet("draft", remembered["draft"]), SlotSet("topic", None), FollowupAction("intake_form")]
    if hits:
        choices = [wording.button(hit["title"]) for hit in hits]
        dispatcher.utter_message(text=wording.NEAREST, buttons=[*choices, wording.NONE_OF_THEM])
    else:
        dispatcher.utter_message(text=wording.NOT_KNOWN, buttons=[wording.STILL_FILE, wording.HUMAN])
    options = [{"id": hit["id"], "title": hit["title"]} for hit in hits]
    return [SlotSet("topic", {**remembered, "options": options, "misses": misses})]


async def _answer_in_form(dispatcher: Any, tracker: Any, turn: Turn, topic: Json, found: Json | None) -> Events:
    """Answer without buttons, since the form's own question follows at once; what isn't known goes into the order being told."""
    hits = (found or {}).get("hits") or []
    if found and found.get("answer") and hits:
        dispatcher.utter_message(text=wording.answer(hits[0], channel=turn.channel, excerpt=found.get("excerpt"), asked=found.get("asked")))
        entry_id = hits[0]["id"]
        remembered = _topic(turn, topic, wording.was_answered(hits[0]["title"]))
        return [SlotSet("topic", {**remembered, "entry_id": entry_id, "about": entry_id, "owner": hits[0].get("unit_code")})]
    dispatcher.utter_message(text=wording.NOT_KNOWN_IN_FORM)
    draft = from_slot(tracker.get_slot("draft"))
    if draft is None or not draft.description:
        return []
    return slots_of(await store(add_words(draft, turn.text), turn.conversation))


def _topic(turn: Turn, before: Json, reply: str, *, asked: str | None = None, owner: str | None = None) -> Json:
    """Return what is remembered of a question: the exchange so far, and the order that can be made of it.

    Args:
        reply: what the assistant said, for the unit that gets the order.
        asked: the whole question, where a short one was read as leaning on the one before.
        owner: code of the unit that owns the subject.
    """
    exchange = [*(before.get("exchange") or []), wording.was_asked(turn.text), reply]
    question = f"{turn.text.strip()}（{asked}）" if asked else turn.text.strip()
    description = "\n".join([question, wording.EXCHANGE, *exchange])
    if len(description) > MAX_DESCRIPTION:  # the question and what was said last matter most
        description = f"{question[:500]}\n{wording.EXCHANGE}\n{description[-(MAX_DESCRIPTION - 600) :]}"
    draft = replace(begin(turn), description=description, subject_unit=owner)
    if draft.request_type is None:
        draft = replace(draft, request_type="咨询")
    # "about" is the entry that short questions lean on, "owner" its unit; a miss between doesn't change them.
    kept = {"misses": int(before.get("misses") or 0), "about": before.get("about"), "owner": before.get("owner")}
    return {"draft": draft.to_slot(), "exchange": exchange, **kept}
