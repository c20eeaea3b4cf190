"""Danger now (Art. 12(1)). The platform answers it before Rasa is asked; this is the second net."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action

from actions import wording
from actions.api import platform
from actions.turn import Turn, read_turn


def tell_line(dispatcher: Any, turn: Turn) -> None:
    """Tell the resident which line to ring; 110 where the danger is certain and its kind is not."""
    seen = turn.understanding.get("emergency") or {}
    dispatcher.utter_message(text=wording.emergency(seen.get("line") or "110", seen.get("also") or []))


class EmergencyLine(Action):  # type: ignore[misc]  # rasa_sdk is untyped
    """Tell the resident which line to ring, before anything else."""

    def name(self) -> str:
        """Return the action's name in the domain."""
        return "action_emergency"

    async def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[dict[str, Any]]:
        """Say the line."""
        tell_line(dispatcher, await read_turn(tracker, platform()))
        return []
