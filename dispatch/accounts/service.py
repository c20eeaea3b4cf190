"""Logging in and out, and the demo accounts of a fresh system."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy.orm import Session

from dispatch.accounts import repository
from dispatch.accounts.models import Account, LoginSession
from dispatch.orders.workflow import Role

SESSION_LIFETIME = timedelta(hours=12)
MAX_FAILURES = 5
LOCK_TIME = timedelta(minutes=15)
IDLE_TIME = timedelta(hours=4)
SHORTEST_PASSWORD = 10
_NOTE_USE_EVERY = timedelta(minutes=5)

_hasher = PasswordHasher()
_NO_ACCOUNT_HASH = _hasher.hash("no such account")  # so that unknown names take as long as known ones


class WrongPasswordError(Exception):
    """The old password isn't the account's."""


class WeakPasswordError(ValueError):
    """The new password won't do; the message says why."""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Somebody of the staff, with the token that the forms of this login must carry."""

    username: str
    display_name: str
    role: Role
    unit_code: str | None
    csrf: str
    note_due: bool = False
    """Whether it is time to note that this login is in use (``note_use``)."""


def create(session: Session, username: str, password: str, *, display_name: str, role: Role, unit_code: str | None = None) -> Account:
    """Add an account; the password is kept as an argon2 hash."""
    account = Account(
        username=username,
        display_name=display_name,
        password_hash=_hasher.hash(password),
        role=role.value,
        unit_code=unit_code,
        failures=0,
        active=True,
    )
    session.add(account)
    session.flush()
    return account


def log_in(session: Session, username: str, password: str, now: datetime) -> tuple[str, LoggedIn] | None:
    """Check a password and return the session's token and who it is, or None if refused.

    Five failures in a row lock the account for 15 minutes. The failure count is part of the session's transaction, so the
    caller commits in either case.
    """
    account = repository.by_username(session, username)
    if account is None or not account.active:
        _matches(_NO_ACCOUNT_HASH, password)
        return None
    if account.locked_until and account.locked_until > now:
        return None
    if not _matches(account.password_hash, password):
        account.failures += 1
        if account.failures >= MAX_FAILURES:
            account.locked_until, account.failures = now + LOCK_TIME, 0
        return None
    account.failures, account.locked_until = 0, None
    repository.drop_expired(session, now)
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
    session.add(_login_session(token, account, csrf, now))
    session.flush()
    return token, LoggedIn(account.username, account.display_name, Role(account.role), account.unit_code, csrf)


def who(session: Session, token: str, now: datetime) -> LoggedIn | None:
    """Return who is logged in under ``token``, or None."""
    row = repository.login(session, _hash(token), now)
    if row is None:
        return None
    account, login = row
    if login.used_at is not None and now - login.used_at > IDLE_TIME:
        return None
    due = login.used_at is None or now - login.used_at >= _NOTE_USE_EVERY
    return LoggedIn(account.username, account.display_name, Role(account.role), account.unit_code, login.csrf, due)


def note_use(session: Session, token: str, now: datetime) -> None:
    """Note that somebody works in the login session of ``token``."""
    if row := repository.login(session, _hash(token), now):
        row[1].used_at = now


def sessions(session: Session, username: str, now: datetime) -> list[LoginSession]:
    """Return the live login sessions of an account, the newest first."""
    return list(repository.logins_of(session, username, now))


def end_session(session: Session, username: str, session_id: str) -> bool:
    """End the login session of ``username`` whose id (first 16 digits of its hash) is given; return whether there was one."""
    return repository.end_login_of(session, username, session_id)


def change_password(session: Session, who: LoggedIn, old: str, new: str) -> None:
    """Change the password of who is logged in, and end all their other login sessions.

    Raises:
        WrongPasswordError, WeakPasswordError: ``old`` is wrong; ``new`` is too short, or the same, or the account's name.
    """
    account = repository.by_username(session, who.username)
    if account is None or not _matches(account.password_hash, old):
        raise WrongPasswordError
    if len(new) < SHORTEST_PASSWORD or new == old or who.username.lower() in new.lower():
        raise WeakPasswordError(f"new: 至少 {SHORTEST_PASSWORD} 个字符，不同于原密码，不含用户名")
    account.password_hash = _hasher.hash(new)
    repository.end_other_logins(session, account.id, who.csrf)


def set_password(account: Account, password: str) -> None:
    """Give ``account`` a new password and unlock it."""
    account.password_hash, account.failures, account.locked_until = _hasher.hash(password), 0, None


def log_in_as(session: Session, username: str, now: datetime) -> tuple[str, LoggedIn] | None:
    """Open a login session for an account whose owner another service has vouched for; None if there is no such active account."""
    account = repository.by_username(session, username)
    if account is None or not account.active:
        return None
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
    session.add(_login_session(token, account, csrf, now))
    session.flush()
    return token, LoggedIn(account.username, account.display_name, Role(account.role), account.unit_code, csrf)


def _login_session(token: str, account: Account, csrf: str, now: datetime) -> LoginSession:
    return LoginSession(token_hash=_hash(token), account_id=account.id, csrf=csrf, expires_at=now + SESSION_LIFETIME, used_at=now)


def log_out(session: Session, token: str) -> None:
    """End the login session of ``token``."""
    repository.end_login(session, _hash(token))


def seed_demo(session: Session) -> dict[str, str]:
    """Make one account a role in a system that has none, and return their passwords by name; empty if there are accounts."""
    if repository.count(session):
        return {}
    accounts = (
        ("operator1", "话务员一号", Role.OPERATOR, None),
        ("operator2", "话务员二号", Role.OPERATOR, None),
        ("dispatcher", "派单员", Role.DISPATCHER, None),
        ("wangjing", "望京街道经办人", Role.HANDLER, "110105026"),
        ("chaoyang", "朝阳区经办人", Role.HANDLER, "110105"),
        ("supervisor", "督办员", Role.SUPERVISOR, None),
        ("auditor", "审计员", Role.AUDITOR, None),
        ("admin", "管理员", Role.ADMINISTRATOR, None),
    )
    passwords = {username: secrets.token_urlsafe(9) for username, *_ in accounts}
    for username, display_name, role, unit_code in accounts:
        create(session, username, passwords[username], display_name=display_name, role=role, unit_code=unit_code)
    return passwords


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except VerifyMismatchError:
        return False
