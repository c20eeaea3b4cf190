"""Where Rasa's dialogues are kept: in memory while they are fresh, in a file for whoever comes after a crash."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from jsonschema import ValidationError
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, SessionStarted, SlotSet, UserUttered

from bot.assistant import __main__ as started
from bot.assistant import trackers
from bot.assistant.trackers import RecentTrackerStore

DOMAIN = Domain.from_yaml("slots: {draft: {type: any, mappings: [{type: custom}]}}")


def opened(tmp_path: Path) -> RecentTrackerStore:
    return RecentTrackerStore(DOMAIN, db=str(tmp_path / "trackers.sqlite3"))


def say(store: RecentTrackerStore, who: str, *events: object) -> None:
    async def turn() -> None:
        tracker = await store.get_or_create_tracker(who, append_action_listen=False)
        tracker.update_with_events(list(events), DOMAIN)
        await store.save(tracker)

    asyncio.run(turn())


def heard(store: RecentTrackerStore, who: str) -> list[str]:
    tracker = asyncio.run(store.retrieve(who))
    return [event.text for event in tracker.events if isinstance(event, UserUttered)]


def test_a_dialogue_survives_the_process_and_goes_on(tmp_path):
    first = opened(tmp_path)
    say(first, "a", SessionStarted(), ActionExecuted("action_listen"), UserUttered("路灯坏了"))
    say(first, "b", UserUttered("别人的话"))
    say(first, "a", SlotSet("draft", {"place": "望京"}), UserUttered("在望京"))
    again = opened(tmp_path)
    assert heard(again, "a") == heard(first, "a") == ["路灯坏了", "在望京"]
    say(again, "a", UserUttered("确认提交"))
    last = opened(tmp_path)
    assert heard(last, "a") == ["路灯坏了", "在望京", "确认提交"]
    assert asyncio.run(last.retrieve("a")).get_slot("draft") == {"place": "望京"}
    assert sorted(asyncio.run(last.keys())) == ["a", "b"]
    assert asyncio.run(last.retrieve("nobody")) is None


def test_a_turn_that_failed_half_way_leaves_nothing_behind(tmp_path):
    store = opened(tmp_path)
    say(store, "a", UserUttered("路灯坏了"))
    asyncio.run(store.retrieve("a")).update(UserUttered("没有存下来的话"))
    assert heard(store, "a") == ["路灯坏了"]


def test_a_new_session_begins_without_the_one_before(tmp_path):
    store = opened(tmp_path)
    say(store, "a", SessionStarted(), UserUttered("去年的事"), SlotSet("draft", "去年"))
    say(store, "a", SessionStarted(), UserUttered("今年的事"))
    assert heard(store, "a") == ["今年的事"]
    assert asyncio.run(store.retrieve("a")).get_slot("draft") is None


def test_dialogues_that_no_longer_fit_in_memory_are_read_back(tmp_path, monkeypatch):
    monkeypatch.setattr(trackers, "_IN_MEMORY", 2)
    store = opened(tmp_path)
    for who in "abc":
        say(store, who, UserUttered(f"{who}1"))
    for who in "abc":
        say(store, who, UserUttered(f"{who}2"))
    assert [heard(store, who) for who in "abc"] == [["a1", "a2"], ["b1", "b2"], ["c1", "c2"]]


def test_an_actions_answer_is_still_checked():
    action = RemoteAction("action_triage", None)
    assert started._validate(action, {"events": [{"event": "slot", "name": "route", "value": "reply", "timestamp": None}], "responses": []})
    with pytest.raises(ValidationError):
        started._validate(action, {"events": [{"event": "no such event"}], "responses": []})
    with pytest.raises(ValidationError):
        started._validate(action, {"responses": "words"})
