"""The administrators' pages of accounts and service tokens; every change is on record (``dispatch.administration``)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Query, Response
from fastapi import Path as PathParameter
from fastapi.responses import RedirectResponse
from pydantic import StringConstraints

from dispatch.accounts import administering, service, tokens
from dispatch.accounts.administering import STAFF_ROLES, AccountError
from dispatch.accounts.permissions import SCOPES
from dispatch.accounts.service import LoggedIn
from dispatch.accounts.tokens import UnknownScopeError, UnknownTokenError
from dispatch.administration import service as administration
from dispatch.console.lists import unit_named
from dispatch.console.pages import FormSender, Pages, Visitor
from dispatch.core.problems import Problem, not_found
from dispatch.orders.workflow import Role
from dispatch.platform import Platform, PlatformDep

router = APIRouter(prefix="/console/admin", include_in_schema=False)
pages = Pages(Path(__file__).parent / "templates")


def _administrator(who: LoggedIn) -> LoggedIn:
    if who.role is not Role.ADMINISTRATOR:
        raise Problem(403, "没有权限", "系统管理只对管理员开放", kind="forbidden")
    return who


def visitor(who: Visitor) -> LoggedIn:
    """FastAPI dependency: an administrator, or problem 403."""
    return _administrator(who)


def sender(who: FormSender) -> LoggedIn:
    """FastAPI dependency of forms: the same, from a page of this very login."""
    return _administrator(who)


Administrator = Annotated[LoggedIn, Depends(visitor)]
Sender = Annotated[LoggedIn, Depends(sender)]
Username = Annotated[str, PathParameter(pattern=r"^[\w.@-]{1,40}$")]
DisplayName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40), Form()]
Act = Literal["enable", "disable", "password", "sessions"]
UnitText = Annotated[str, Form(max_length=120)]


@router.get("")
def accounts_page(platform: PlatformDep, who: Administrator, q: Annotated[str, Query(max_length=40)] = "") -> Response:
    """Every account, and a form for a new one."""
    return _accounts(platform, who, q=q.strip())


@router.post("/accounts")
def make_account(
    platform: PlatformDep,
    who: Sender,
    username: Annotated[str, Form(pattern=r"^[\w.@-]{2,40}$")],
    display_name: DisplayName,
    role: Annotated[Role, Form()],
    unit: UnitText = "",
) -> Response:
    """Add an account; its first password is shown once."""
    try:
        with platform.database.write() as session:
            code = _unit(platform, unit)
            now = platform.clock.now()
            _, password = administering.make(
                session, username, display_name=display_name, role=role, unit_code=code, by=who.username, now=now
            )
    except AccountError as error:
        return _accounts(platform, who, fault=str(error), status=422)
    return _accounts(platform, who, shown=(username, password))


@router.get("/accounts/{username}")
def account_page(platform: PlatformDep, who: Administrator, username: Username) -> Response:
    """One account, its log-ins, and what can be changed."""
    return _account(platform, who, username)


@router.post("/accounts/{username}")
def change_account(
    platform: PlatformDep, who: Sender, username: Username, display_name: DisplayName, role: Annotated[Role, Form()], unit: UnitText = ""
) -> Response:
    """Change name, role or unit."""
    try:
        with platform.database.write() as session:
            code = _unit(platform, unit)
            now = platform.clock.now()
            administering.change(session, username, display_name=display_name, role=role, unit_code=code, by=who.username, now=now)
    except AccountError as error:
        return _account(platform, who, username, fault=str(error))
    return RedirectResponse(f"/console/admin/accounts/{username}", 303)


@router.post("/accounts/{username}/{act}")
def act_on_account(
    platform: PlatformDep,
    who: Sender,
    username: Username,
    act: Act,
) -> Response:
    """Enable, disable, give a new password (shown once), or end all log-ins."""
    password = None
    try:
        with platform.database.write() as session:
            by, now = who.username, platform.clock.now()
            if act == "password":
                password = administering.reset_password(session, username, by=by, now=now)
            elif act == "sessions":
                administering.end_sessions(session, username, by=by, now=now)
            else:
                administering.enable(session, username, act == "enable", by=by, now=now)
    except AccountError as error:
        return _account(platform, who, username, fault=str(error))
    if password:
        return _accounts(platform, who, shown=(username, password))
    return RedirectResponse(f"/console/admin/accounts/{username}", 303)


@router.get("/tokens")
def tokens_page(platform: PlatformDep, who: Administrator) -> Response:
    """Service tokens of other systems."""
    return _tokens(platform, who)


@router.post("/tokens")
def make_token(
    platform: PlatformDep,
    who: Sender,
    name: DisplayName,
    scopes: Annotated[list[str], Form(default_factory=list, max_length=20)],
    unit: UnitText = "",
) -> Response:
    """Make a token; its secret is shown once."""
    if not scopes:
        return _tokens(platform, who, fault="scopes: 请至少选择一个权限范围", status=422)
    try:
        with platform.database.write() as session:
            code, now = _unit(platform, unit), platform.clock.now()
            _, secret = tokens.make(session, name=name, scopes=scopes, unit_code=code, by=who.username, now=now)
            administration.record(session, "token_made", name, "、".join(sorted(scopes)), by=who.username, now=now)
    except (AccountError, UnknownScopeError) as error:
        return _tokens(platform, who, fault=str(error), status=422)
    return _tokens(platform, who, shown=(name, secret))


@router.post("/tokens/{token_id}/revoke")
def revoke_token(platform: PlatformDep, who: Sender, token_id: Annotated[str, PathParameter(pattern="^[0-9a-f]{32}$")]) -> Response:
    """Let a token in no more."""
    try:
        with platform.database.write() as session:
            now = platform.clock.now()
            token = tokens.revoke(session, token_id, now=now)
            administration.record(session, "token_revoked", token.name, by=who.username, now=now)
    except UnknownTokenError:
        raise not_found("令牌", token_id) from None
    return RedirectResponse("/console/admin/tokens", 303)


def _unit(platform: Platform, text: str) -> str | None:
    if not text.strip():
        return None
    code = unit_named(text, platform.reference.current())
    if code is None:
        raise AccountError(f"unit: 没有“{text.strip()}”这个单位")
    return code


def _accounts(
    platform: Platform, who: LoggedIn, *, q: str = "", fault: str | None = None, shown: tuple[str, str] | None = None, status: int = 200
) -> Response:
    units = platform.reference.current().units
    with platform.database.read() as session:
        rows = [(row, units.find(row.unit_code) if row.unit_code else None) for row in administering.listing(session, q)]
    return pages.render(
        "admin_accounts.html",
        who,
        status=status,
        rows=rows,
        q=q,
        fault=fault,
        shown=shown,
        roles=STAFF_ROLES,
        units=units.all(),
        now=platform.clock.now(),
    )


def _account(platform: Platform, who: LoggedIn, username: str, *, fault: str | None = None) -> Response:
    units = platform.reference.current().units
    with platform.database.read() as session:
        account = administering.find(session, username)
        if account is None:
            raise not_found("账号", username)
        found = service.sessions(session, username, platform.clock.now())
    unit = units.find(account.unit_code) if account.unit_code else None
    return pages.render(
        "admin_account.html",
        who,
        status=422 if fault else 200,
        account=account,
        unit=unit,
        sessions=found,
        fault=fault,
        roles=STAFF_ROLES,
        units=units.all(),
    )


def _tokens(
    platform: Platform, who: LoggedIn, *, fault: str | None = None, shown: tuple[str, str] | None = None, status: int = 200
) -> Response:
    units = platform.reference.current().units
    with platform.database.read() as session:
        rows = [(row, units.find(row.unit_code) if row.unit_code else None) for row in tokens.listing(session)]
    return pages.render("admin_tokens.html", who, status=status, rows=rows, fault=fault, shown=shown, scopes=SCOPES, units=units.all())
