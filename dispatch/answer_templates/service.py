"""Answer templates: a unit's own and the city's, with variables that the order fills."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.answer_templates import repository
from dispatch.answer_templates.models import AnswerTemplate as AnswerTemplate

VARIABLES = {"order": "工单号", "unit": "承办单位", "matter": "事项", "place": "地点", "deadline": "办理时限", "today": "今天的日期"}
"""Name of each variable in a text, as ``{order}``, and what it stands for."""

SHOWN = 60
_VARIABLE = re.compile(r"\{(\w+)\}")


class UnknownVariableError(ValueError):
    """A text names a variable that there isn't; the message is its name."""


class NotYoursError(Exception):
    """A template that doesn't exist, or that belongs to others."""


def listing(session: Session, unit_code: str | None) -> Sequence[AnswerTemplate]:
    """Return the templates that ``unit_code`` can use: its own, then the city's."""
    return repository.of_unit(session, unit_code, SHOWN)


def fill(text: str, values: Mapping[str, str | None]) -> str:
    """Put ``values`` into ``text``; a variable without a value stays as it is, to be filled by hand."""
    return _VARIABLE.sub(lambda found: values.get(found[1]) or found[0], text)


def save(
    session: Session, *, template_id: int | None, unit_code: str | None, title: str, text: str, by: str, now: datetime
) -> AnswerTemplate:
    """Add a template of ``unit_code`` (None: the city's), or change the one with ``template_id``, which must be of the same owner.

    Raises:
        UnknownVariableError: the text names a variable that there isn't. NotYoursError: it is somebody else's.
    """
    for name in _VARIABLE.findall(text):
        if name not in VARIABLES:
            raise UnknownVariableError(name)
    if template_id is None:
        row = AnswerTemplate(unit_code=unit_code)
        session.add(row)
    else:
        row = _own(session, template_id, unit_code)
    row.title, row.text, row.updated_by, row.updated_at = title, text, by, now
    session.flush()
    return row


def remove(session: Session, template_id: int, *, unit_code: str | None) -> None:
    """Delete a template of ``unit_code``. Raises NotYoursError."""
    session.delete(_own(session, template_id, unit_code))


def _own(session: Session, template_id: int, unit_code: str | None) -> AnswerTemplate:
    row = repository.by_id(session, template_id)
    if row is None or row.unit_code != unit_code:
        raise NotYoursError
    return row
