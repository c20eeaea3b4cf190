"""Queries on accounts."""

from __future__ import annotations

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


def drop_expired(session: Session, now: datetime) -> None:
    """Forget login sessions that have run out."""
    session.execute(delete(LoginSession).where(LoginSession.expires_at <= now))
