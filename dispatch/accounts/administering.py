"""What administrators do with accounts: list, make, change, disable, give a new password. Each change is put on record with it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.accounts import repository, service
from dispatch.accounts.models import Account as Account
from dispatch.administration import service as administration
from dispatch.orders.workflow import Role

STAFF_ROLES = (Role.OPERATOR, Role.HANDLER, Role.DISPATCHER, Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR)


class AccountError(ValueError):
    """A change that can't be made; the message names the field and says why."""


def listing(session: Session, query: str = "", *, limit: int = 200) -> Sequence[Account]:
    """Return accounts whose name holds ``query``, by name."""
    return repository.accounts(session, query, limit)


def find(session: Session, username: str) -> Account | None:
    """Return an account, or None."""
    return repository.by_username(session, username)


def make(
    session: Session, username: str, *, display_name: str, role: Role, unit_code: str | None, by: str, now: datetime
) -> tuple[Account, str]:
    """Add an account and return it with its first password, which is kept nowhere. Raises AccountError."""
    if repository.by_username(session, username):
        raise AccountError(f"username: 已有账号 {username}")
    _check(role, unit_code)
    password = secrets.token_urlsafe(12)
    account = service.create(session, username, password, display_name=display_name, role=role, unit_code=unit_code)
    administration.record(session, "account_made", username, _described(role.value, unit_code), by=by, now=now)
    return account, password


def change(session: Session, username: str, *, display_name: str, role: Role, unit_code: str | None, by: str, now: datetime) -> Account:
    """Change an account's name, role or unit; whoever is logged in there has to log in anew. Raises AccountError."""
    account = _found(session, username)
    _check(role, unit_code)
    if username == by and role.value != account.role:
        raise AccountError("role: 不能改自己的角色，请另一位管理员操作")
    before, after = _described(account.role, account.unit_code), _described(role.value, unit_code)
    account.display_name, account.role, account.unit_code = display_name, role.value, unit_code
    if username != by:
        repository.end_logins(session, account.id)
    administration.record(session, "account_changed", username, f"{before} → {after}", by=by, now=now)
    return account


def enable(session: Session, username: str, active: bool, *, by: str, now: datetime) -> Account:
    """Let an account in again, or no more: then its log-ins end at once. Raises AccountError."""
    account = _found(session, username)
    if username == by and not active:
        raise AccountError("username: 不能停用自己的账号")
    account.active, account.failures, account.locked_until = active, 0, None
    if not active:
        repository.end_logins(session, account.id)
    administration.record(session, "account_enabled" if active else "account_disabled", username, by=by, now=now)
    return account


def reset_password(session: Session, username: str, *, by: str, now: datetime) -> str:
    """Give an account a new password and return it, to be shown once; its log-ins end. Raises AccountError."""
    account = _found(session, username)
    password = secrets.token_urlsafe(12)
    service.set_password(account, password)
    repository.end_logins(session, account.id)
    administration.record(session, "password_reset", username, by=by, now=now)
    return password


def end_sessions(session: Session, username: str, *, by: str, now: datetime) -> None:
    """End every log-in of an account. Raises AccountError."""
    repository.end_logins(session, _found(session, username).id)
    administration.record(session, "sessions_ended", username, by=by, now=now)


def _found(session: Session, username: str) -> Account:
    account = repository.by_username(session, username)
    if account is None:
        raise AccountError(f"username: 没有账号 {username}")
    return account


def _described(role: str, unit_code: str | None) -> str:
    return f"{role} {unit_code}" if unit_code else role


def _check(role: Role, unit_code: str | None) -> None:
    if role not in STAFF_ROLES:
        raise AccountError("role: 不是工作人员的角色")
    if role is Role.HANDLER and unit_code is None:
        raise AccountError("unit: 承办单位的账号须指定单位")
    if role is not Role.HANDLER and unit_code is not None:
        raise AccountError("unit: 只有承办单位的账号才指定单位")
