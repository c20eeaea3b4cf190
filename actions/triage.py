"""Where a message outside the form goes (Art. 12), and what the resident is told when it can't become an order."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Action
from rasa_sdk.events import SlotSet

from actions import wording
from actions.api import Json, platform
from actions.draft import Draft, from_slot, is_worth_keeping
from actions.reading import begin, has_substance
from actions.survey import record_solved
from actions.turn import Turn, read_turn

Events = list[dict[str, Any]]

# Small talk unless the message also tells of a matter.
_SMALL_TALK = frozenset({"greet", "thank", "goodbye", "chitchat", "abuse", "repeat", "resolved", "not_resolved"})
# What makes sense only as part of something begun.
_REPLIES = frozenset({"inform", "give_contact", "correct", "affirm", "deny", "dont_know"})
_EXPLAINED = frozenset({"legal_channel", "explain", "educate", "market"})
_A_STORY = 40
_SHORT_QUESTION = 16
_MAY_FOLLOW_UP = frozenset({"ask_question", "inform", "chitchat", "repeat", "dont_know", "correct", "nlu_fallback", "report_problem"})
_LEANS_ON_AN_ANSWER = re.compile(
    r"^(?:那|要是|如果|换成).{1,12}(?:呢|吗|么|[?？])?$|材料|手续|证件|带什么|多少钱|费用|收费|要钱|在?哪[里儿]?|多久|几天|什么时候|多长时间"
    r"|条件|流程|步骤|电话|网上|线上|本人|代办"
)
_ASKS_ABOUT_AN_ORDER = re.compile(r"进度|进展|到哪一?步|办得?怎么样|处理得?怎么样|结果|单号|工单")


def route(turn: Turn, *, telling: Draft | None, topic: Json | None) -> str:
    """Return the route of a message outside the form.

    Args:
        turn: the message.
        telling: the dialogue's own draft, still there because filing failed.
        topic: what was last answered or explained, that a bare "没解决" or "还是要登记" is about.
    """
    if turn.handling == "emergency" or turn.understanding.get("emergency"):
        return "emergency"
    if turn.intent == "request_human" or turn.handling == "human":
        return "human"
    begun = telling is not None or is_worth_keeping(turn.draft)
    if begun and turn.intent == "cancel":
        return "cancel"
    if begun and turn.intent in _REPLIES | {"report_problem", "nlu_fallback"}:
        return "file" if turn.intent == "affirm" and _was_summarised(turn, telling) else "dispatch"
    if _picks_option(turn, topic):
        return "answer"
    if topic and turn.intent in ("affirm", "not_resolved") and turn.matter is None:
        return "dispatch"
    if topic and topic.get("about") and _follows_up(turn):
        return "answer"
    if topic and topic.get("options") and turn.intent == "deny":
        return "dispatch"
    about_an_order = turn.intent == "ask_progress" or turn.handling == "progress" or (turn.order_numbers and _is_about_the_order(turn))
    if about_an_order and (turn.order_numbers or not _tells_at_length(turn)):
        return "progress"
    if turn.intent in _SMALL_TALK | {"cancel", "deny", "affirm", "dont_know"} and not _tells_a_matter(turn):
        return "educate" if turn.handling == "educate" and turn.intent != "abuse" else "reply"
    return _by_handling(turn)


def _by_handling(turn: Turn) -> str:
    """Return the route that the platform's reading asks for, where the dialogue has nothing to add."""
    if turn.handling in _EXPLAINED and not (turn.handling == "explain" and _only_announces(turn)):
        return str(turn.handling)
    if turn.intent == "ask_question":
        # The question's own act outweighs the platform's guess, unless it found a matter that something is to be done about.
        to_be_done = turn.handling in ("dispatch", "liaison") and turn.understanding.get("request_type") not in (None, "咨询")
        return "dispatch" if to_be_done and turn.matter else "answer"
    if turn.intent == "report_problem":
        return "answer" if turn.handling == "answer" and turn.understanding.get("request_type") == "咨询" else "dispatch"
    if turn.matter or turn.has_place or turn.place_candidates or (turn.intent == "inform" and has_substance(turn)):
        return "answer" if turn.handling == "answer" and turn.intent not in ("inform", "correct") else "dispatch"
    return "reply"


def _tells_a_matter(turn: Turn) -> bool:
    return turn.matter is not None or (
        turn.handling in ("dispatch", "liaison", "answer", "legal_channel", "market") and len(turn.text) > 20
    )


def _tells_at_length(turn: Turn) -> bool:
    """A whole story that mentions an earlier complaint and names no order is told anew, not looked up."""
    return turn.matter is not None and len(turn.text) > _A_STORY


def _only_announces(turn: Turn) -> bool:
    """ "我要投诉" has no substance yet: it is asked for, not explained away."""
    return turn.intent in ("report_problem", "ask_question", "inform") and len(turn.text) <= 25


def _is_about_the_order(turn: Turn) -> bool:
    return len(turn.text) <= 40 or bool(_ASKS_ABOUT_AN_ORDER.search(turn.text))


def _was_summarised(turn: Turn, telling: Draft | None) -> bool:
    return (telling is not None and telling.missing() is None) or (turn.draft or {}).get("state") == "summary"


def _follows_up(turn: Turn) -> bool:
    """ "那孩子呢", "要带什么材料": no matter of its own, asked of what was answered just before."""
    return (
        turn.intent in _MAY_FOLLOW_UP
        and turn.matter is None
        and not turn.phone
        and len(turn.text) <= _SHORT_QUESTION
        and _LEANS_ON_AN_ANSWER.search(turn.text) is not None
    )


def _picks_option(turn: Turn, topic: Json | None) -> bool:
    return any(option["title"] == turn.text.strip() for option in (topic or {}).get("options") or [])


class Triage(Action):  # type: ignore[misc]  # rasa_sdk is untyped
    """Read a message outside the form and set ``route``, on which the rules go."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_triage"

    async def run(self, dispatcher: Any, tracker: Any, domain: Any) -> Events:
        """Set the route; a matter to be dispatched also gets its draft prepared from the topic it came from."""
        turn = await read_turn(tracker, platform())
        telling = from_slot(tracker.get_slot("draft"))
        topic: Json | None = tracker.get_slot("topic")
        chosen = route(turn, telling=telling, topic=topic)
        events: Events = [SlotSet("route", chosen)]
        if chosen != "dispatch":
            return events
        begun = telling is not None or is_worth_keeping(turn.draft)
        if topic and not begun and turn.intent in ("affirm", "not_resolved", "deny"):
            if turn.intent != "affirm":
                dispatcher.utter_message(text=wording.SORRY_UNSOLVED)
                await record_solved(turn.conversation, topic, solved=False)
            events.append(SlotSet("draft", topic["draft"]))
        return [*events, SlotSet("topic", None)]


def topic_of(turn: Turn, **more: Any) -> Json:
    """Return what is remembered of an answered or explained message, enough to make an order of it later."""
    return {"draft": begin(turn).to_slot(), **more}


class ExplainRoute(Action):  # type: ignore[misc]  # rasa_sdk is untyped
    """Tell the statutory channel (Art. 12(2)), why nothing can be taken (12(4)), the rules (12(5)(6), 30), or other help (12)."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_explain_route"

    async def run(self, dispatcher: Any, tracker: Any, domain: Any) -> Events:
        """Say it, and offer to file all the same where the city may have a part in it."""
        turn = await read_turn(tracker, platform())
        chosen: str = tracker.get_slot("route")
        if chosen == "educate":
            dispatcher.utter_message(text=wording.EDUCATE)
            return []
        if chosen == "explain":
            dispatcher.utter_message(text=wording.EXPLAIN_PRIVATE if has_substance(turn) else wording.EXPLAIN_EMPTY)
            return []
        if chosen == "market":
            text = wording.MARKET
        else:
            text = wording.LEGAL_CHANNELS.get(turn.understanding.get("channel") or "", wording.LEGAL_CHANNEL_UNKNOWN)
        dispatcher.utter_message(text=text, buttons=[wording.STILL_FILE, wording.HUMAN])
        return [SlotSet("topic", topic_of(turn))]
