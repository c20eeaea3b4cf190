"""Recording emergencies and seeing to it that an operator notices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from nlu.emergency import Emergency as Danger
from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.core.crypto import FieldCipher
from dispatch.emergencies.models import Emergency
from nlu import contact as contact_reader


def record(session: Session, conversation_id: str, danger: Danger, text: str, *, now: datetime, cipher: FieldCipher) -> Emergency:
    """Keep the transfer to an emergency line with the whole text (Art. 12(1)) and return it."""
    emergency = Emergency(
        conversation_id=conversation_id,
        at=now,
        line=danger.line,
        also=list(danger.also),
        evidence=contact_reader.mask(danger.evidence)[:200],
        text=contact_reader.mask(text),
        full_text=cipher.encrypt(text) or "",
    )
    session.add(emergency)
    session.flush()
    return emergency


def open_ones(session: Session, limit: int = 50) -> Sequence[Emergency]:
    """Return emergencies that no operator has acknowledged, oldest first."""
    return session.scalars(select(Emergency).where(Emergency.acknowledged_at.is_(None)).order_by(Emergency.id).limit(limit)).all()


def acknowledge(session: Session, conversation_id: str, operator: str, now: datetime) -> None:
    """Note that ``operator`` has seen the emergencies of a conversation."""
    for emergency in session.scalars(
        select(Emergency).where(Emergency.conversation_id == conversation_id, Emergency.acknowledged_at.is_(None))
    ):
        emergency.acknowledged_by, emergency.acknowledged_at = operator, now
