"""Queries on answer templates."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from dispatch.answer_templates.models import AnswerTemplate


def by_id(session: Session, template_id: int) -> AnswerTemplate | None:
    """Return a template, or None."""
    return session.get(AnswerTemplate, template_id)


def of_unit(session: Session, unit_code: str | None, limit: int) -> Sequence[AnswerTemplate]:
    """Return the templates of ``unit_code`` and then the city's, each by title."""
    mine = or_(AnswerTemplate.unit_code == unit_code, AnswerTemplate.unit_code.is_(None))
    query = select(AnswerTemplate).where(mine).order_by(AnswerTemplate.unit_code.is_(None), AnswerTemplate.title, AnswerTemplate.id)
    return session.scalars(query.limit(limit)).all()
