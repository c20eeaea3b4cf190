"""Service tokens: how another system (a call centre, a unit's own software, a civic app) gets in, for as little as it needs."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch.accounts.models import ServiceToken as ServiceToken
from dispatch.accounts.permissions import SCOPES

_PREFIX = "jsjb_"


class UnknownScopeError(ValueError):
    """A scope that isn't in ``dispatch.accounts.permissions.SCOPES``."""


class UnknownTokenError(Exception):
    """There is no such token."""


def make(session: Session, *, name: str, scopes: list[str], unit_code: str | None, by: str, now: datetime) -> tuple[ServiceToken, str]:
    """Add a token and return it with its secret, of which only the hash is kept.

    With a ``unit_code`` it acts as that unit's people and sees that unit's orders only. Raises UnknownScopeError.
    """
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise UnknownScopeError(f"scopes: 没有 {'、'.join(unknown)}，可选 {'、'.join(SCOPES)}")
    secret = _PREFIX + secrets.token_urlsafe(32)
    token = ServiceToken(
        id=uuid.uuid4().hex,
        name=name,
        token_hash=_hash(secret),
        scopes=sorted(set(scopes)),
        unit_code=unit_code,
        created_by=by,
        created_at=now,
    )
    session.add(token)
    session.flush()
    return token, secret


def holder(session: Session, secret: str) -> ServiceToken | None:
    """Return the token with ``secret`` if it wasn't revoked."""
    if not secret.startswith(_PREFIX):
        return None
    return session.scalar(select(ServiceToken).where(ServiceToken.token_hash == _hash(secret), ServiceToken.revoked_at.is_(None)))


def revoke(session: Session, token_id: str, *, now: datetime) -> ServiceToken:
    """Let a token in no more. Raises UnknownTokenError."""
    token = session.get(ServiceToken, token_id)
    if token is None:
        raise UnknownTokenError(token_id)
    token.revoked_at = token.revoked_at or now
    return token


def listing(session: Session) -> list[ServiceToken]:
    """Return all tokens, newest first."""
    return list(session.scalars(select(ServiceToken).order_by(ServiceToken.created_at.desc(), ServiceToken.id)))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
