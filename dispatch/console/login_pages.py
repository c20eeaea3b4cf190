"""Pages of logging in and out: with a password, or with the city's own account service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import structlog
from anyio import to_thread
from fastapi import APIRouter, Cookie, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from dispatch.accounts import oidc
from dispatch.accounts import service as accounts
from dispatch.accounts.callers import SESSION_COOKIE
from dispatch.accounts.service import LoggedIn
from dispatch.console import kept_forms
from dispatch.console.pages import FormSender, Pages
from dispatch.orders.workflow import Role
from dispatch.platform import Platform, PlatformDep

router = APIRouter(prefix="/console", include_in_schema=False)
pages = Pages(Path(__file__).parent / "templates")

_MEMO_COOKIE = "jsjb_sign_on"
_MEMO_PATH = "/console/login/city"
_log = structlog.get_logger(__name__)

_WRONG = "用户名或密码不对，或账号已暂时锁定。连续输错五次会锁定十五分钟。"
_NO_ACCOUNT = "统一身份认证已确认您是谁，但本系统没有您的账号，请联系管理员开通。"
_KEPT = "已重新登录。刚才因为登录失效没有提交的内容在下面，请确认后提交。"
_SIGN_ON_FAILED = "统一身份认证没有成功，请再试一次，或用本系统的用户名和密码登录。"


@router.get("/login")
def login_page(platform: PlatformDep, next: str = "/console") -> Response:
    """The log-in page."""
    return _page(platform, next)


@router.post("/login")
def log_in(
    request: Request,
    platform: PlatformDep,
    username: Annotated[str, Form(max_length=40)],
    password: Annotated[str, Form(max_length=200)],
    next: Annotated[str, Form(max_length=200)] = "/console",
    kept: Annotated[str, Form(max_length=400_000)] = "",
) -> Response:
    """Check name and password; five failures lock the account for a while. ``kept`` is a form that came without a log-in."""
    with platform.database.write() as session:
        result = accounts.log_in(session, username.strip(), password, platform.clock.now())
    if result is None:
        return _page(platform, next, fault=_WRONG, kept=kept)
    token, who = result
    if form := kept_forms.unpacked(platform, kept):
        return _let_in(request, kept_forms.resume(who, form, _KEPT), token)
    return _let_in(request, RedirectResponse(_target(next, who), 303), token)


@router.get("/login/city")
async def depart(request: Request, platform: PlatformDep, next: str = "/console") -> Response:
    """Off to the city's account service."""
    if not oidc.configured(platform.settings):
        return RedirectResponse("/console/login", 303)
    try:
        departure = await oidc.depart(platform.settings, platform.keys, _own_path(next))
    except oidc.SignOnError as error:
        _log.warning("sign_on_failed", reason=str(error))
        return _page(platform, next, fault=_SIGN_ON_FAILED)
    response = RedirectResponse(departure.url, 303)
    # Lax: it has to come back with the redirect from the service.
    response.set_cookie(
        _MEMO_COOKIE, departure.memo, max_age=oidc.MEMO_SECONDS, path=_MEMO_PATH, httponly=True, samesite="lax", secure=_is_safe(request)
    )
    return response


@router.get("/login/city/return")
async def arrive(
    request: Request,
    platform: PlatformDep,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=2000)] = "",
    jsjb_sign_on: Annotated[str, Cookie()] = "",
) -> Response:
    """Back from the account service: log in whom it vouches for, if they have an account here."""
    try:
        username, target = await oidc.arrive(platform.settings, platform.keys, jsjb_sign_on, state=state, code=code)
    except oidc.SignOnError as error:
        _log.warning("sign_on_failed", reason=str(error))
        return _page(platform, "/console", fault=_SIGN_ON_FAILED)
    result = await to_thread.run_sync(_open, platform, username)
    if result is None:
        return _page(platform, target, fault=_NO_ACCOUNT)
    token, who = result
    # A page and no redirect: the session's cookie is strict, and browsers don't send those on a way that began elsewhere.
    response = pages.render("logged_in.html", target=_target(target, who))
    response.delete_cookie(_MEMO_COOKIE, path=_MEMO_PATH)
    return _let_in(request, response, token)


@router.post("/logout")
def log_out(platform: PlatformDep, _who: FormSender, jsjb_session: Annotated[str, Cookie()]) -> Response:
    """End this login."""
    with platform.database.write() as session:
        accounts.log_out(session, jsjb_session)
    response = RedirectResponse("/console/login", 303)
    response.delete_cookie(SESSION_COOKIE)
    return response


def _open(platform: Platform, username: str) -> tuple[str, LoggedIn] | None:
    with platform.database.write() as session:
        return accounts.log_in_as(session, username, platform.clock.now())


def _page(platform: Platform, target: str, *, fault: str | None = None, kept: str = "") -> Response:
    city = oidc.configured(platform.settings)
    return pages.render("login.html", next=_own_path(target), fault=fault, city=city, kept=kept, status=403 if fault else 200)


def _let_in(request: Request, response: Response, token: str) -> Response:
    lifetime = int(accounts.SESSION_LIFETIME.total_seconds())
    response.set_cookie(SESSION_COOKIE, token, max_age=lifetime, httponly=True, samesite="strict", secure=_is_safe(request))
    return response


def _is_safe(request: Request) -> bool:
    return request.url.scheme == "https"


def _target(asked: str, who: LoggedIn) -> str:
    target = _own_path(asked)
    return "/desk" if target == "/console" and who.role is Role.OPERATOR else target


def _own_path(target: str) -> str:
    """Return ``target`` if it is a path of ours; anything else would let a link send people elsewhere after log-in."""
    return target if target.startswith("/") and not target.startswith(("//", "/\\")) else "/console"
