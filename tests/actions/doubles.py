"""Doubles for the actions' tests: a tracker as Rasa sends it, and a platform that records what it is asked."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

CONVERSATION = "c0ffee"
NOWHERE = {"district": None, "street": None, "community": None, "detail": None}


def understanding(**given: Any) -> dict[str, Any]:
    """Return an understanding with every key, as the gateway sends it."""
    empty: dict[str, Any] = {
        "request_type": None,
        "handling": "explain",
        "channel": None,
        "emergency": None,
        "matter": None,
        "place": dict(NOWHERE),
        "place_candidates": [],
        "unit": None,
        "copied_to": [],
        "deadline": None,
        "others": [],
        "why": [],
    }
    return {**empty, **given}


def place(
    district: str | None = None, street: str | None = None, community: str | None = None, detail: str | None = None
) -> dict[str, Any]:
    """Return a place with every part."""
    return {"district": district, "street": street, "community": community, "detail": detail}


ELEVATOR = {"code": "0301", "name": "电梯故障"}
DOOR = {"code": "0302", "name": "门禁损坏"}


class Platform:
    """The platform as the actions see it: ``answers`` by "METHOD path", ``asked`` what came in."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Any]] = {}
        self.asked: list[tuple[str, str, Any, httpx.Headers]] = []
        self.down = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer as set, or as an empty platform would."""
        if self.down:
            raise httpx.ConnectTimeout("away")
        path = request.url.path.removeprefix("/api/v1").replace(f"/conversations/{CONVERSATION}", "")
        body = json.loads(request.content) if request.content else None
        self.asked.append((request.method, path, body, request.headers))
        known = self.answers.get(f"{request.method} {path}")
        if known:
            return httpx.Response(known[0], json=known[1])
        if request.method == "PUT":
            stored = {**body, "matter": None, "contact": {"phone": None, "name": None, "anonymous": body["anonymous"]}}
            return httpx.Response(
                200,
                json={
                    **stored,
                    "unit": {"code": "110105026", "name": "望京街道办事处"},
                    "copied_to": [],
                    "deadline": {"hours": 24, "basis": "条例"},
                },
            )
        if request.method == "DELETE":
            return httpx.Response(204)
        return httpx.Response(404, json={"title": "没有", "status": 404})

    def sent(self, method: str, path: str) -> list[Any]:
        """Return the bodies of the requests to ``method path``."""
        return [body for m, p, body, _ in self.asked if (m, p) == (method, path)]


class Done:
    """What an action did: ``slots`` set, ``said`` texts, ``buttons`` offered, ``custom`` payloads."""

    def __init__(self, events: list[dict[str, Any]], messages: list[dict[str, Any]]) -> None:
        self.events = events
        self.slots = {event["name"]: event["value"] for event in events if event["event"] == "slot"}
        self.said = "\n".join(message["text"] for message in messages if message.get("text"))
        self.buttons = [button["title"] for message in messages for button in message.get("buttons") or []]
        self.custom = [message["custom"] for message in messages if message.get("custom")]


def tracker(
    text: str,
    intent: str,
    *,
    slots: dict[str, Any] | None = None,
    requested: str | None = None,
    in_form: bool | None = None,
    **metadata: Any,
) -> Tracker:
    """Return a tracker whose latest message is ``text`` with the gateway's ``metadata``."""
    metadata = {
        "channel": "web",
        "understanding": understanding(),
        "contact": {"phone": None, "name": None},
        "order_numbers": [],
        "draft": None,
        **metadata,
    }
    active = in_form if in_form is not None else requested is not None
    return Tracker.from_dict(
        {
            "sender_id": CONVERSATION,
            "slots": {"requested_slot": requested, **(slots or {})},
            "latest_message": {
                "text": text,
                "intent": {"name": intent, "confidence": 0.6},
                "entities": [],
                "message_id": "m1",
                "metadata": metadata,
            },
            "events": [],
            "paused": False,
            "followup_action": None,
            "active_loop": {"name": "intake_form"} if active else {},
            "latest_action_name": "action_listen",
        }
    )


def run_action(action: Any, given: Tracker) -> Done:
    """Run an action against a tracker."""
    dispatcher = CollectingDispatcher()
    events = asyncio.run(action.run(dispatcher, given, {}))
    return Done(events, dispatcher.messages)
