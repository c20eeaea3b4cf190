"""Putting on record what administrators change, in the transaction of the change, and finding it again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.administration import repository
from dispatch.administration.models import AdministrationAct as AdministrationAct

NAMES = {
    "account_made": "新增账号",
    "account_changed": "修改账号",
    "account_enabled": "启用账号",
    "account_disabled": "停用账号",
    "password_reset": "重置密码",
    "sessions_ended": "结束登录",
    "token_made": "签发令牌",
    "token_revoked": "停用令牌",
}
"""What can be on record, and its name on pages."""


def record(session: Session, name: str, subject: str, detail: str = "", *, by: str, now: datetime) -> None:
    """Put a change on record. Raises KeyError for a name that isn't in ``NAMES``."""
    if name not in NAMES:
        raise KeyError(name)
    session.add(AdministrationAct(at=now, actor=by, name=name, subject=subject[:80], detail=detail[:400]))


def find(
    session: Session,
    begin: datetime,
    end: datetime,
    *,
    actor: str | None = None,
    name: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> Sequence[AdministrationAct]:
    """Return what administrators did from ``begin`` to before ``end``, the newest first; ``before`` is the last id of the page before."""
    return repository.find(session, begin, end, actor=actor, name=name, before=before, limit=limit)
