"""Putting on record what administrators change, in the transaction of the change, and finding it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.administration import repository
from dispatch.administration.models import AdministrationAct as AdministrationAct
from nlu import contact as contact_reader

_BATCH = 500
_LONGEST = 400

NAMES = {
    "account_made": "新增账号",
    "account_changed": "修改账号",
    "account_enabled": "启用账号",
    "account_disabled": "停用账号",
    "password_reset": "重置密码",
    "sessions_ended": "结束登录",
    "token_made": "签发令牌",
    "token_revoked": "停用令牌",
    "catalogue_published": "发布派单目录",
    "knowledge_published": "发布知识",
    "knowledge_rejected": "退回知识",
    "knowledge_withdrawn": "撤下知识",
    "knowledge_imported": "导入知识",
    "webhook_made": "新增推送",
    "webhook_changed": "修改推送",
    "unit_changed": "修改单位",
    "unit_merged": "撤并单位",
    "calendar_changed": "修改日历",
    "rules_changed": "发布考评办法",
    "reply_saved": "修改全市常用语",
    "reply_removed": "删除全市常用语",
    "desk_changed": "修改工作台设置",
    "desk_group_changed": "修改工作台分组",
    "desk_operator_changed": "修改话务员设置",
}
"""What can be on record, and its name on pages."""


def record(session: Session, name: str, subject: str, detail: str = "", *, by: str, now: datetime) -> None:
    """Put a change on record, telephone numbers and the like in ``detail`` masked. Raises KeyError for a name not in ``NAMES``."""
    if name not in NAMES:
        raise KeyError(name)
    session.add(AdministrationAct(at=now, actor=by, name=name, subject=subject[:80], detail=_shortened(contact_reader.mask(detail))))


def changes(before: Mapping[str, object], after: Mapping[str, object], labels: Mapping[str, str] | None = None) -> str:
    """Return what differs, as ``field: before → after``; ``labels`` are the names of fields on pages."""
    differing = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return "；".join(f"{(labels or {}).get(name, name)}：{_plain(before.get(name))} → {_plain(after.get(name))}" for name in differing)


def find(
    session: Session,
    begin: datetime,
    end: datetime,
    *,
    actor: str | None = None,
    name: str | None = None,
    subject: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> Sequence[AdministrationAct]:
    """Return what administrators did from ``begin`` to before ``end``, the newest first.

    ``subject`` is a part of what it was done to, ``before`` the last id of the page before.
    """
    return repository.find(session, begin, end, actor=actor, name=name, subject=subject, before=before, limit=limit)


def every(
    session: Session, begin: datetime, end: datetime, *, actor: str | None = None, name: str | None = None, subject: str | None = None
) -> Iterator[AdministrationAct]:
    """Yield the same without end, a page at a time."""
    before: int | None = None
    while rows := repository.find(session, begin, end, actor=actor, name=name, subject=subject, before=before, limit=_BATCH):
        yield from rows
        before = rows[-1].id


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list | tuple):
        return "、".join(map(str, value)) or "无"
    return "无" if value in (None, "") else str(value)


def _shortened(detail: str) -> str:
    return detail if len(detail) <= _LONGEST else f"{detail[: _LONGEST - 1]}…"
