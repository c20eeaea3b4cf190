"""The search index of a running process, kept in step with the database."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import date

from dispatch.core.database import Database
from dispatch.knowledge import repository
from dispatch.knowledge.embedding import MODEL, Vectors, unpack
from dispatch.knowledge.models import KnowledgeEntry
from dispatch.knowledge.search import Entry, KnowledgeIndex, SearchResult

_CHECK_SECONDS = 1.0


class KnowledgeBase:
    """Searches the published entries of one database; changes made by any process are found within a second or so.

    The index is loaded at the first search (2,000 entries: under a second, for their vectors are stored).
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._index = KnowledgeIndex()
        self._lock = threading.Lock()
        self._sequence = -1
        self._checked = 0.0

    @property
    def index(self) -> KnowledgeIndex:
        """The index as the database stands."""
        if self._sequence < 0:
            self.refresh()
        elif time.monotonic() - self._checked >= _CHECK_SECONDS and self._lock.acquire(blocking=False):
            # Whoever notices a change takes it in; the others go on with the index they have.
            try:
                self._refresh()
            finally:
                self._lock.release()
        return self._index

    def refresh(self) -> None:
        """Take in what changed, now."""
        with self._lock:
            self._refresh()

    def search(
        self, query: str, *, on: date, limit: int = 10, subject: str | None = None, region: str | None = None, own: bool = False
    ) -> SearchResult:
        """Search the entries that are published and valid on the day ``on`` (``KnowledgeIndex.search``)."""
        return self.index.search(query, limit=limit, subject=subject, region=region, on=on, own=own)

    def search_many(self, queries: Sequence[str], *, on: date, limit: int = 10) -> list[SearchResult]:
        """Search for each of ``queries``, in order."""
        return self.index.search_many(queries, limit=limit, on=on)

    def _refresh(self) -> None:
        with self._database.read() as session:
            last = repository.last_sequence(session)
            if last != self._sequence:
                changed = repository.changed_since(session, self._sequence)
                published = [entry for entry in changed if entry.state == "published"]
                gone = [entry.id for entry in changed if entry.state != "published"]
                vectors = {entry.id: stored for entry in published if (stored := _stored_vectors(entry)) is not None}
                self._index.update(map(indexed, published), gone, vectors)
                self._sequence = last
        self._checked = time.monotonic()


def indexed(entry: KnowledgeEntry) -> Entry:
    """Return what search needs to know of an entry."""
    return Entry(
        entry.id,
        (entry.title, *entry.variants),
        entry.answer,
        subject=entry.subject,
        region=entry.region,
        valid_from=entry.valid_from,
        valid_to=entry.valid_to,
        fallback=entry.origin == "seed",
    )


def _stored_vectors(entry: KnowledgeEntry) -> Vectors | None:
    return unpack(entry.vectors) if entry.vectors and entry.vector_model == MODEL else None
