"""Queries on transcribed calls."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from channels.transcripts.models import TranscriptCall, TranscriptSegment


def call(session: Session, call_id: str) -> TranscriptCall | None:
    """Return a call, locked for change where the database can."""
    statement = select(TranscriptCall).where(TranscriptCall.call_id == call_id)
    return session.scalars(statement.with_for_update().execution_options(populate_existing=True)).first()


def segments(session: Session, call_id: str) -> Sequence[TranscriptSegment]:
    """Return what was said in a call, in the order in which it was."""
    statement = select(TranscriptSegment).where(TranscriptSegment.call_id == call_id)
    return session.scalars(statement.order_by(TranscriptSegment.start, TranscriptSegment.end, TranscriptSegment.segment_id)).all()


def erase_words(session: Session, conversation_id: str) -> None:
    """Remove the segments of a conversation's calls and the addresses of their recordings."""
    calls = select(TranscriptCall.call_id).where(TranscriptCall.conversation_id == conversation_id)
    session.execute(delete(TranscriptSegment).where(TranscriptSegment.call_id.in_(calls)))
    session.execute(update(TranscriptCall).where(TranscriptCall.conversation_id == conversation_id).values(recording=None))
