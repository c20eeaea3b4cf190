"""Canned replies (常用语): the city's and each operator's own, with variables that the conversation fills."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from channels.desk import repository
from channels.desk.models import CannedReply as CannedReply
from dispatch.administration import service as administration

VARIABLES = {"order": "工单号", "unit": "承办单位", "deadline": "办理时限", "matter": "事项", "place": "地点", "operator": "话务员"}
"""Name of each variable in a text, as ``{order}``, and what it stands for."""

SHOWN = 30
_VARIABLE = re.compile(r"\{(\w+)\}")


class UnknownVariableError(ValueError):
    """A text names a variable that there isn't."""


class NotYoursError(Exception):
    """A canned reply that doesn't exist, or that somebody else keeps."""


def search(session: Session, owner: str, query: str) -> Sequence[CannedReply]:
    """Return the replies that hold every word of ``query``, ``owner``'s own first."""
    return repository.replies(session, owner, query.split()[:5], SHOWN)


def fill(text: str, values: Mapping[str, str | None]) -> str:
    """Put ``values`` into ``text``; a variable without a value stays as it is, to be filled by hand."""
    return _VARIABLE.sub(lambda found: values.get(found[1]) or found[0], text)


def unfilled(text: str) -> list[str]:
    """Return what the variables left in ``text`` stand for."""
    return [VARIABLES[name] for name in dict.fromkeys(_VARIABLE.findall(text)) if name in VARIABLES]


def save(
    session: Session, *, reply_id: int | None, owner: str | None, title: str, text: str, by: str, may_edit_city: bool, now: datetime
) -> CannedReply:
    """Add a reply, or change the one with ``reply_id``; the city's (no owner) only where ``may_edit_city``.

    Raises:
        UnknownVariableError: the message names the variable. NotYoursError: it isn't ``by``'s to write.
    """
    for name in _VARIABLE.findall(text):
        if name not in VARIABLES:
            raise UnknownVariableError(name)
    if owner is None and not may_edit_city:
        raise NotYoursError
    if reply_id is None:
        row = CannedReply(owner=owner)
        session.add(row)
        before: dict[str, object] = {}
    else:
        row = _changeable(session, reply_id, by, may_edit_city=may_edit_city)
        before = {"标题": row.title, "内容": row.text}
    if row.owner is None:
        detail = administration.changes(before, {"标题": title, "内容": text})
        administration.record(session, "reply_saved", title, detail, by=by, now=now)
    row.title, row.text, row.updated_by, row.updated_at = title, text, by, now
    session.flush()
    return row


def remove(session: Session, reply_id: int, *, by: str, may_edit_city: bool, now: datetime) -> None:
    """Delete a reply. Raises NotYoursError."""
    row = _changeable(session, reply_id, by, may_edit_city=may_edit_city)
    if row.owner is None:
        administration.record(session, "reply_removed", row.title, row.text, by=by, now=now)
    session.delete(row)


def _changeable(session: Session, reply_id: int, by: str, *, may_edit_city: bool) -> CannedReply:
    row = repository.reply(session, reply_id)
    if row is None or row.owner not in (None, by) or (row.owner is None and not may_edit_city):
        raise NotYoursError
    return row
