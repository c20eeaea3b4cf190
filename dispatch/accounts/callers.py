"""Who calls: a member of staff with a session cookie, or the assistant with its token."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import Cookie, Depends, Header, Request

from dispatch.accounts import service
from dispatch.accounts.service import LoggedIn
from dispatch.accounts.service_token import bearer, service_caller
from dispatch.core.problems import Problem
from dispatch.orders.service import Actor
from dispatch.platform import PlatformDep

SESSION_COOKIE = "jsjb_session"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def logged_in(platform: PlatformDep, jsjb_session: Annotated[str | None, Cookie()] = None) -> LoggedIn:
    """FastAPI dependency: the member of staff behind the session cookie, or problem 401."""
    if jsjb_session:
        with platform.database.read() as session:
            who = service.who(session, jsjb_session, platform.clock.now())
        if who:
            return who
    raise Problem(401, "请先登录", "登录已失效，请重新登录；您写好的内容不会丢失", kind="unauthorized")


Staff = Annotated[LoggedIn, Depends(logged_in)]


def check_csrf(who: LoggedIn, given: str | None) -> None:
    """Refuse (problem 403) a change that doesn't carry the token of this login's own pages."""
    if not given or not secrets.compare_digest(given.encode(), who.csrf.encode()):
        raise Problem(403, "请求不是从本页面发出的", "X-CSRF-Token: 请刷新页面后重试", kind="csrf")


def staff_or_service(
    request: Request,
    platform: PlatformDep,
    authorization: Annotated[str | None, Header()] = None,
    x_csrf_token: Annotated[str | None, Header()] = None,
    jsjb_session: Annotated[str | None, Cookie()] = None,
) -> Actor:
    """FastAPI dependency: staff by cookie (with CSRF token when something changes) or the assistant by token."""
    if bearer(authorization):
        return service_caller(platform, authorization)
    who = logged_in(platform, jsjb_session)
    if request.method not in _SAFE:
        check_csrf(who, x_csrf_token)
    return Actor(who.username, who.role, who.unit_code)


StaffOrService = Annotated[Actor, Depends(staff_or_service)]
