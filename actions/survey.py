"""What the resident thinks of an answer or of how an order ended."""

from __future__ import annotations

import logging
from typing import Any

from rasa_sdk import Action
from rasa_sdk.events import SlotSet

from actions import wording
from actions.api import Json, PlatformError, platform
from actions.turn import read_turn

logger = logging.getLogger(__name__)


async def record_solved(conversation: str, topic: Json | None, *, solved: bool) -> None:
    """Tell the knowledge base whether its entry helped; without an entry there is nothing to tell."""
    entry_id = (topic or {}).get("entry_id")
    if not entry_id:
        return
    try:
        await platform().give_feedback(conversation, entry_id, solved)
    except PlatformError as error:
        # A lost vote must not cost the resident their order.
        logger.warning("feedback not recorded: %s", error)


class Feedback(Action):  # type: ignore[misc]  # rasa_sdk is untyped
    """Take 解决了 / 没解决 that isn't about to become an order: about an answer, or about an order's result."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_feedback"

    async def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        """Record it and say a word of thanks or regret."""
        turn = await read_turn(tracker, platform())
        solved = turn.intent == "resolved"
        await record_solved(turn.conversation, tracker.get_slot("topic"), solved=solved)
        if solved:
            dispatcher.utter_message(text=wording.GLAD)
        elif turn.in_form:
            dispatcher.utter_message(text=wording.SORRY_IN_FORM)
        else:
            dispatcher.utter_message(text=wording.SORRY_ORDER_UNSOLVED, buttons=[wording.HUMAN])
        return [SlotSet("topic", None)]
