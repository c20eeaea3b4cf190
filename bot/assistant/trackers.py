"""Where Rasa keeps its dialogues: recent ones in memory, all of them in a SQLite file, one short write a turn.

Rasa's own SQL store reads a dialogue back and replays it at every message, and waits for the disk at every turn. The truth isn't here
(DESIGN.md section 5): a process killed in mid-turn loses that turn, a power failure perhaps the last few, and the draft is the platform's.
"""

from __future__ import annotations

import json
import sqlite3
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.events import SessionStarted
from rasa.shared.core.trackers import DialogueStateTracker

_IN_MEMORY = 2_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS dialogue_turns (id INTEGER PRIMARY KEY, sender_id TEXT NOT NULL, events TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS ix_dialogue_turns_sender ON dialogue_turns (sender_id, id);
"""


class RecentTrackerStore(TrackerStore):  # type: ignore[misc]  # rasa is untyped
    """A tracker store for one Rasa process."""

    def __init__(self, domain: Any, db: str, host: str | None = None, event_broker: Any = None) -> None:
        """Keep dialogues in the file ``db``."""
        self._kept: OrderedDict[str, tuple[DialogueStateTracker, int]] = OrderedDict()
        self._file = sqlite3.connect(db, isolation_level=None)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = NORMAL")
        self._file.executescript(_SCHEMA)
        super().__init__(domain, event_broker)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Store what was added to ``tracker`` since it was last stored."""
        sender = tracker.sender_id
        kept = self._kept.get(sender)
        before = kept if kept is not None and kept[0] is tracker else self._replayed(sender)
        stored = before[1] if before else 0
        news = list(tracker.events)[stored:]
        if news:
            text = json.dumps([event.as_dict() for event in news], ensure_ascii=False)
            self._file.execute("INSERT INTO dialogue_turns (sender_id, events) VALUES (?, ?)", (sender, text))
        if stored and any(isinstance(event, SessionStarted) for event in news):
            self._kept.pop(sender, None)  # of the sessions before nothing is to be seen any more
        else:
            self._keep(tracker)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """Return the dialogue since its last session began, or None where there is none."""
        kept = self._kept.get(sender_id)
        if kept is None or len(kept[0].events) != kept[1]:  # not there, or left half changed by a turn that failed
            kept = self._replayed(sender_id)
            if kept is None:
                return None
            self._keep(kept[0])
        return kept[0]

    async def keys(self) -> Iterable[str]:
        """Return whose dialogues are stored."""
        return [row[0] for row in self._file.execute("SELECT DISTINCT sender_id FROM dialogue_turns")]

    def _keep(self, tracker: DialogueStateTracker) -> None:
        self._kept[tracker.sender_id] = tracker, len(tracker.events)
        self._kept.move_to_end(tracker.sender_id)
        if len(self._kept) > _IN_MEMORY:
            self._kept.popitem(last=False)

    def _replayed(self, sender_id: str) -> tuple[DialogueStateTracker, int] | None:
        """Return the dialogue as the file has it since its last session began, and of how many events it is."""
        rows = self._file.execute("SELECT events FROM dialogue_turns WHERE sender_id = ? ORDER BY id", (sender_id,))
        events = [event for (text,) in rows for event in json.loads(text)]
        if not events:
            return None
        sessions = [number for number, event in enumerate(events) if event["event"] == SessionStarted.type_name]
        since = events[sessions[-1] :] if sessions else events
        return DialogueStateTracker.from_dict(sender_id, since, self.domain.slots), len(since)
