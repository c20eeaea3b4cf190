"""Who calls: a member of staff with a session cookie, the assistant with its token, or another system with a token of limited scope."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated

from anyio import to_thread
from fastapi import Cookie, Depends, Header, Request
from starlette.requests import HTTPConnection
from starlette.routing import Route

from dispatch.accounts import service, tokens
from dispatch.accounts.permissions import rule_of
from dispatch.accounts.service import LoggedIn
from dispatch.accounts.service_token import bearer, is_service_token
from dispatch.core.problems import Problem
from dispatch.orders.service import Actor
from dispatch.orders.workflow import Role
from dispatch.platform import Platform, PlatformDep

SESSION_COOKIE = "jsjb_session"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_API = "/api/v1/"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and what their token is limited to (None: staff and the assistant have no such limit)."""

    actor: Actor
    scopes: frozenset[str] | None = None
    assistant: bool = False


def login_of(platform: Platform, token: str) -> LoggedIn | None:
    """Return who is logged in under a session cookie's ``token``, and note that the login is in use."""
    now = platform.clock.now()
    with platform.database.read() as session:
        who = service.who(session, token, now)
    if who and who.note_due:
        with platform.database.write() as session:
            service.note_use(session, token, now)
    return who


def logged_in(platform: PlatformDep, jsjb_session: Annotated[str | None, Cookie()] = None) -> LoggedIn:
    """FastAPI dependency: the member of staff behind the session cookie, or problem 401."""
    if jsjb_session:
        who = login_of(platform, jsjb_session)
        if who:
            return who
    raise Problem(401, "请先登录", "登录已失效，请重新登录；您写好的内容不会丢失", kind="unauthorized")


Staff = Annotated[LoggedIn, Depends(logged_in)]


def check_csrf(who: LoggedIn, given: str | None) -> None:
    """Refuse (problem 403) a change that doesn't carry the token of this login's own pages."""
    if not given or not secrets.compare_digest(given.encode(), who.csrf.encode()):
        raise Problem(403, "请求不是从本页面发出的", "X-CSRF-Token: 请刷新页面后重试", kind="csrf")


def identify(request: Request, platform: Platform) -> Caller:
    """Return who sent ``request``; looked up once a request. Raises problem 401, or 403 where a change lacks its CSRF token."""
    known: Caller | None = getattr(request.state, "caller", None)
    if known is None:
        known = request.state.caller = _identify(request, platform)
    return known


async def _identified(request: Request, platform: Platform) -> Caller:
    """Do what ``identify`` does, in a thread only where the database has to be asked: not for the assistant, nor a second time."""
    known = hasattr(request.state, "caller")
    if known or is_service_token(platform, bearer(request.headers.get("authorization")) or ""):
        return identify(request, platform)
    return await to_thread.run_sync(identify, request, platform)


def _identify(request: Request, platform: Platform) -> Caller:
    token = bearer(request.headers.get("authorization"))
    if token is not None:
        if is_service_token(platform, token):
            return Caller(Actor("assistant", Role.BOT), assistant=True)
        with platform.database.read() as session:
            found = tokens.holder(session, token)
        if found is None:
            raise Problem(401, "服务令牌无效", "Authorization: 令牌不存在或已停用", kind="unauthorized")
        role = Role.HANDLER if found.unit_code else Role.BOT
        return Caller(Actor(f"token:{found.name}", role, found.unit_code), frozenset(found.scopes))
    who = logged_in(platform, request.cookies.get(SESSION_COOKIE))
    if request.method not in _SAFE:
        check_csrf(who, request.headers.get("x-csrf-token"))
    return Caller(Actor(who.username, who.role, who.unit_code))


async def authorise(connection: HTTPConnection, platform: PlatformDep) -> None:
    """FastAPI dependency of every router: let a request in as the table of permissions says, or raise problem 401 or 403.

    Routers have WebSockets too; those stand outside the API and see to it themselves.
    """
    route = connection.scope.get("route")
    if not isinstance(connection, Request) or not isinstance(route, Route) or not route.path.startswith(_API):
        return
    request = connection
    rule = rule_of(request.method, route.path)
    if rule is None:
        raise Problem(403, "没有权限", "这个接口没有开放", kind="forbidden")
    if rule.public:
        return
    caller = await _identified(request, platform)
    if caller.assistant:
        allowed = rule.assistant
    elif caller.scopes is not None:
        allowed = rule.scope is not None and rule.scope in caller.scopes
    else:
        allowed = caller.actor.role in rule.roles
    if not allowed:
        raise Problem(403, "没有权限", "您的角色或令牌不能使用这个接口", kind="forbidden")


async def staff_or_service(request: Request, platform: PlatformDep, authorization: Annotated[str | None, Header()] = None) -> Actor:
    """FastAPI dependency: staff by cookie (with CSRF token when something changes) or another system by token."""
    return (await _identified(request, platform)).actor


StaffOrService = Annotated[Actor, Depends(staff_or_service)]
