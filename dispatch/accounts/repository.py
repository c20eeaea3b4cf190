"""Queries on accounts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from dispatch.accounts.models import Account, LoginSession


def by_username(session: Session, username: str) -> Account | None:
    """Return the account with this name, or None."""
    return session.scalars(select(Account).where(Account.username == username)).first()


def count(session: Session) -> int:
    """Return how many accounts there are."""
    return session.scalar(select(func.count()).select_from(Account)) or 0


def login(session: Session, token_hash: str, now: datetime) -> tuple[Account, LoginSession] | None:
    """Return the account behind a live login session, or None."""
    statement = select(Account, LoginSession).join(LoginSession, LoginSession.account_id == Account.id)
    statement = statement.where(LoginSession.token_hash == token_hash, LoginSession.expires_at > now, Account.active)
    row = session.execute(statement).first()
    return (row[0], row[1]) if row else None


def end_login(session: Session, token_hash: str) -> None:
    """Forget a login session."""
    session.execute(delete(LoginSession).where(LoginSession.token_hash == token_hash))


def logins_of(session: Session, username: str, now: datetime) -> Sequence[LoginSession]:
    """Return the live login sessions of an account, the newest first."""
    query = select(LoginSession).join(Account, LoginSession.account_id == Account.id)
    query = query.where(Account.username == username, LoginSession.expires_at > now)
    return session.scalars(query.order_by(LoginSession.expires_at.desc())).all()


def end_login_of(session: Session, username: str, hash_prefix: str) -> bool:
    """Forget the login session of ``username`` whose hash begins with ``hash_prefix``; return whether there was one."""
    account = by_username(session, username)
    if account is None:
        return False
    own = LoginSession.account_id == account.id
    found = session.scalars(select(LoginSession).where(own, LoginSession.token_hash.startswith(hash_prefix, autoescape=True))).first()
    if found is not None:
        session.delete(found)
    return found is not None


def end_other_logins(session: Session, account_id: int, csrf: str) -> None:
    """Forget every login session of an account but the one whose forms carry ``csrf``."""
    session.execute(delete(LoginSession).where(LoginSession.account_id == account_id, LoginSession.csrf != csrf))


def drop_expired(session: Session, now: datetime) -> None:
    """Forget login sessions that have run out."""
    session.execute(delete(LoginSession).where(LoginSession.expires_at <= now))


def accounts(session: Session, query: str, limit: int) -> Sequence[Account]:
    """Return up to ``limit`` accounts whose log-in name or display name holds ``query``, by log-in name."""
    found = Account.username.contains(query, autoescape=True) | Account.display_name.contains(query, autoescape=True)
    return session.scalars(select(Account).where(found).order_by(Account.username).limit(limit)).all()


def end_logins(session: Session, account_id: int) -> None:
    """Forget every login session of an account."""
    session.execute(delete(LoginSession).where(LoginSession.account_id == account_id))
