"""What residents asked the knowledge base goes after a while; how often, and how it was answered, stays (``dispatch.knowledge.rates``)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from dispatch.core.retention import Erasure
from dispatch.knowledge.models import Consultation, KnowledgeGap
from dispatch.platform import Platform


def _count_questions(session: Session, before: datetime) -> int:
    return session.scalar(select(func.count()).select_from(Consultation).where(Consultation.at < before, Consultation.query != "")) or 0


def _erase_questions(platform: Platform, session: Session, before: datetime, limit: int) -> int:
    old = select(Consultation.id).where(Consultation.at < before, Consultation.query != "").order_by(Consultation.at)
    ids = session.scalars(old.limit(limit)).all()
    session.execute(update(Consultation).where(Consultation.id.in_(ids)).values(query="", conversation_id=None))
    return len(ids)


def _count_gaps(session: Session, before: datetime) -> int:
    return session.scalar(select(func.count()).select_from(KnowledgeGap).where(KnowledgeGap.last_at < before)) or 0


def _erase_gaps(platform: Platform, session: Session, before: datetime, limit: int) -> int:
    ids = session.scalars(select(KnowledgeGap.id).where(KnowledgeGap.last_at < before).order_by(KnowledgeGap.id).limit(limit)).all()
    session.execute(delete(KnowledgeGap).where(KnowledgeGap.id.in_(ids)))
    return len(ids)


QUESTIONS = Erasure("咨询记录", _count_questions, _erase_questions)
GAPS = Erasure("知识缺口", _count_gaps, _erase_gaps)
