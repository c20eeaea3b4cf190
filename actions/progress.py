"""How an order stands (Art. 9(3), 12(3))."""

from __future__ import annotations

import logging
from typing import Any

from rasa_sdk import Action

from actions import wording
from actions.api import Json, PlatformError, platform
from actions.turn import Turn, read_turn

logger = logging.getLogger(__name__)


class Progress(Action):  # type: ignore[misc]  # rasa_sdk is untyped
    """Tell the progress of the order that the message names, or of the conversation's latest one."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_progress"

    async def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        """Say the progress; an unknown number is told kindly, and nothing is told of other people's orders."""
        turn = await read_turn(tracker, platform())
        try:
            orders = await _orders(turn, dispatcher)
        except PlatformError as error:
            logger.warning("progress not read: %s", error)
            dispatcher.utter_message(text=wording.PROGRESS_FAILED, buttons=[] if turn.in_form else [wording.HUMAN])
            return []
        for order in orders:
            dispatcher.utter_message(text=wording.progress(order), json_message={"kind": "progress", **order})
        return []


async def _orders(turn: Turn, dispatcher: Any) -> list[Json]:
    if not turn.order_numbers:
        latest = (await platform().orders(turn.conversation))[:1]
        if not latest:
            dispatcher.utter_message(text=wording.NO_ORDER_YET)
        elif turn.intent == "report_problem":
            dispatcher.utter_message(text=wording.SAME_MATTER)
        return latest
    found = []
    for number in turn.order_numbers[:3]:
        order = await platform().progress(number, turn.conversation)
        if order is None:
            dispatcher.utter_message(text=wording.unknown_order(number))
        else:
            found.append(order)
    return found
