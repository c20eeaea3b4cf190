"""Route of the call centre's transcripts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header

from channels.transcripts import service
from channels.transcripts.schemas import TranscriptIn, TranscriptOut
from dispatch.accounts import tokens
from dispatch.accounts.service_token import bearer, is_service_token
from dispatch.core.problems import Problem
from dispatch.orders.service import Actor
from dispatch.orders.workflow import Role
from dispatch.platform import PlatformDep

router = APIRouter(tags=["transcripts"])

_SCOPE = "intake:write"


def call_centre(platform: PlatformDep, authorization: Annotated[str | None, Header()] = None) -> Actor:
    """FastAPI dependency: a system whose service token may hand in calls, or problem 401 or 403."""
    secret = bearer(authorization)
    if secret is None:
        raise Problem(401, "需要服务令牌", "Authorization: 应为 Bearer 加服务令牌", kind="unauthorized")
    if is_service_token(platform, secret):
        return Actor("assistant", Role.BOT)
    with platform.database.read() as session:
        token = tokens.holder(session, secret)
    if token is None:
        raise Problem(401, "服务令牌无效", "Authorization: 令牌不存在或已停用", kind="unauthorized")
    if _SCOPE not in token.scopes:
        raise Problem(403, "没有权限", f"令牌没有 {_SCOPE} 权限", kind="forbidden")
    return Actor(f"token:{token.name}", Role.BOT)


@router.post("/channels/transcripts")
def take_transcript(platform: PlatformDep, body: TranscriptIn, caller: Annotated[Actor, Depends(call_centre)]) -> TranscriptOut:
    """Take in a call or a part of it (Art. 9, 11).

    Send parts while the call lasts, in any order, again if in doubt: call id and segment ids make it safe. Danger in a part raises the
    alarm at once, once a call. With ``final`` the call becomes one order, or waits for an operator where it wasn't understood.
    """
    return service.take(platform, body, caller)
