"""Recording emergencies and seeing to it that an operator notices."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from sqlalchemy.orm import Session

from dispatch.core.clock import BEIJING
from dispatch.core.crypto import FieldCipher
from dispatch.emergencies import repository
from dispatch.emergencies.models import Emergency
from nlu import contact as contact_reader
from nlu.emergency import Emergency as Danger


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


def acknowledge(session: Session, conversation_id: str, operator: str, now: datetime) -> None:
    """Note that ``operator`` has seen the emergencies of a conversation."""
    for emergency in repository.unseen(session, conversation_id):
        emergency.acknowledged_by, emergency.acknowledged_at = operator, now


def count_by_line(session: Session, first: date, last: date) -> dict[str, int]:
    """Return how many emergencies were recorded on days ``first`` to ``last`` (Beijing), by the line to ring."""
    begin = datetime.combine(first, time(), BEIJING)
    return repository.count_by_line(session, begin, datetime.combine(last, time(), BEIJING) + timedelta(days=1))
