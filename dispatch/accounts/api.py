"""Routes of service tokens, and of one's own log-ins and password."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from dispatch.accounts import service, tokens
from dispatch.accounts.callers import Staff, StaffOrService
from dispatch.accounts.service import WeakPasswordError, WrongPasswordError
from dispatch.accounts.tokens import ServiceToken, UnknownScopeError, UnknownTokenError
from dispatch.administration import service as administration
from dispatch.core.clock import beijing
from dispatch.core.problems import Problem, not_found
from dispatch.platform import PlatformDep

router = APIRouter(prefix="/api/v1", tags=["账号"])


class TokenIn(BaseModel):
    """A token to make."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
    scopes: list[str] = Field(min_length=1, max_length=20)
    unit_code: str | None = Field(default=None, max_length=16)


class TokenOut(BaseModel):
    """A token; ``token`` only in the answer to making it."""

    id: str
    name: str
    scopes: list[str]
    unit_code: str | None
    created_at: datetime
    revoked_at: datetime | None
    token: str | None = None


class SessionOut(BaseModel):
    """A browser that is logged in."""

    id: str
    current: bool
    expires_at: datetime


class PasswordIn(BaseModel):
    """A change of one's own password."""

    model_config = ConfigDict(extra="forbid")

    old: str = Field(max_length=200)
    new: str = Field(max_length=200)


@router.get("/service-tokens")
def list_tokens(platform: PlatformDep) -> list[TokenOut]:
    """Every service token, revoked ones too."""
    with platform.database.read() as session:
        return [_out(token) for token in tokens.listing(session)]


@router.post("/service-tokens", status_code=201)
def make_token(platform: PlatformDep, who: StaffOrService, given: TokenIn) -> TokenOut:
    """Make a token; its secret is in this answer only."""
    if given.unit_code and platform.reference.current().units.find(given.unit_code) is None:
        raise Problem(422, "没有这个单位", f"unit_code: {given.unit_code} 不是在册的承办单位代码", kind="unknown-unit")
    try:
        with platform.database.write() as session:
            token, secret = tokens.make(
                session, name=given.name, scopes=given.scopes, unit_code=given.unit_code, by=who.name, now=platform.clock.now()
            )
            administration.record(session, "token_made", token.name, "、".join(token.scopes), by=who.name, now=platform.clock.now())
            return _out(token, secret)
    except UnknownScopeError as error:
        raise Problem(422, "没有这个权限范围", str(error), kind="unknown-scope", field="scopes") from None


@router.post("/service-tokens/{token_id}/revoke")
def revoke_token(platform: PlatformDep, who: StaffOrService, token_id: Annotated[str, Path(pattern="^[0-9a-f]{32}$")]) -> TokenOut:
    """Let a token in no more."""
    try:
        with platform.database.write() as session:
            token = tokens.revoke(session, token_id, now=platform.clock.now())
            administration.record(session, "token_revoked", token.name, by=who.name, now=platform.clock.now())
            return _out(token)
    except UnknownTokenError:
        raise not_found("令牌", token_id) from None


@router.get("/sessions")
def list_sessions(platform: PlatformDep, who: Staff) -> list[SessionOut]:
    """One's own log-ins."""
    with platform.database.read() as session:
        found = service.sessions(session, who.username, platform.clock.now())
    return [SessionOut(id=each.token_hash[:16], current=each.csrf == who.csrf, expires_at=beijing(each.expires_at)) for each in found]


@router.post("/sessions/{session_id}/revoke", status_code=204)
def revoke_session(platform: PlatformDep, who: Staff, session_id: Annotated[str, Path(pattern="^[0-9a-f]{16}$")]) -> None:
    """End one of one's own log-ins, e.g. on a computer left open."""
    with platform.database.write() as session:
        if not service.end_session(session, who.username, session_id):
            raise not_found("登录", session_id)


@router.post("/password", status_code=204)
def change_password(platform: PlatformDep, who: Staff, given: PasswordIn) -> None:
    """Change one's own password; every other log-in ends."""
    try:
        with platform.database.write() as session:
            service.change_password(session, who, given.old, given.new)
    except WrongPasswordError:
        raise Problem(403, "原密码不对", "old: 请填写现在使用的密码", kind="wrong-password", field="old") from None
    except WeakPasswordError as error:
        raise Problem(422, "密码太弱", str(error), kind="weak-password", field="new") from None


def _out(token: ServiceToken, secret: str | None = None) -> TokenOut:
    return TokenOut(
        id=token.id,
        name=token.name,
        scopes=token.scopes,
        unit_code=token.unit_code,
        created_at=beijing(token.created_at),
        revoked_at=beijing(token.revoked_at) if token.revoked_at else None,
        token=secret,
    )
