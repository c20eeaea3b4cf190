"""An entry's content between its row and what crosses the wire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dispatch.knowledge.embedding import MODEL, pack, shared_encoder
from dispatch.knowledge.models import KnowledgeEntry
from dispatch.knowledge.schemas import EntryContent
from dispatch.knowledge.search import Entry, texts_to_encode
from dispatch.knowledge.states import State

FIELDS = tuple(EntryContent.model_fields)


def put_in_force(entry: KnowledgeEntry, content: EntryContent, number: int, vectors: bytes, sequence: int, now: datetime) -> None:
    """Make version ``number`` with ``content`` the one that is answered."""
    write(entry, content)
    entry.version, entry.state, entry.sequence, entry.updated_at = number, State.PUBLISHED.value, sequence, now
    entry.vectors, entry.vector_model = vectors, MODEL


def write(entry: KnowledgeEntry, content: EntryContent) -> None:
    """Put ``content`` into the row."""
    for field in FIELDS:
        value = getattr(content, field)
        setattr(entry, field, list(value) if field == "variants" else value)


def content_of(entry: KnowledgeEntry) -> EntryContent:
    """Return what an entry says."""
    return EntryContent.model_validate({field: getattr(entry, field) for field in FIELDS})


def encode(entries: Sequence[tuple[str, EntryContent]]) -> dict[str, bytes]:
    """Return the stored vectors of each entry, by its id."""
    texts = [texts_to_encode(Entry(entry_id, (content.title, *content.variants), content.answer)) for entry_id, content in entries]
    vectors = shared_encoder().encode([text for each in texts for text in each])
    blobs: dict[str, bytes] = {}
    start = 0
    for (entry_id, _), each in zip(entries, texts, strict=True):
        blobs[entry_id] = pack(vectors[start : start + len(each)])
        start += len(each)
    return blobs
