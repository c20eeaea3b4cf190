"""Pages on which the desk is set up: canned replies for everybody; assignment, groups and operators for supervisors."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from channels.desk import replies, staffing
from channels.desk.replies import NotYoursError, UnknownVariableError
from channels.desk.schemas import DeskSettings
from channels.desk.view import DeskSender, Operator, pages
from dispatch.accounts.service import LoggedIn
from dispatch.core.problems import Problem, not_found
from dispatch.orders.workflow import Role
from dispatch.platform import Platform, PlatformDep

router = APIRouter()

CHANNELS = {"web": "网页", "sms": "短信", "voice": "电话", "telegram": "Telegram", "open311": "Open311"}
_CHIEFS = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})

Number = Annotated[int, Form(ge=0, le=10_000)]
Line = Annotated[str, Form(max_length=40)]


def _chief(who: DeskSender) -> LoggedIn:
    if who.role not in _CHIEFS:
        raise Problem(403, "没有权限", "工作台设置由督办员和管理员维护", kind="forbidden")
    return who


Chief = Annotated[LoggedIn, Depends(_chief)]


@router.get("/replies")
def replies_page(platform: PlatformDep, who: Operator, q: Annotated[str, Query(max_length=100)] = "", fault: str | None = None) -> Response:
    """The city's canned replies and my own."""
    return _replies(platform, who, q=q)


@router.post("/replies")
def save_reply(
    platform: PlatformDep,
    who: DeskSender,
    title: Line,
    text: Annotated[str, Form(max_length=2000)],
    reply_id: Annotated[int | None, Form()] = None,
    city: Annotated[bool, Form()] = False,
) -> Response:
    """Add a canned reply or change one."""
    if not title.strip() or not text.strip():
        return _replies(platform, who, fault="标题和内容都要写", title=title, text=text)
    try:
        with platform.database.write() as session:
            replies.save(
                session,
                reply_id=reply_id,
                owner=None if city else who.username,
                title=title.strip(),
                text=text.strip(),
                by=who.username,
                may_edit_city=who.role in _CHIEFS,
                now=platform.clock.now(),
            )
    except UnknownVariableError as error:
        return _replies(platform, who, fault=f"没有变量 {{{error}}}，可以用的变量见下", title=title, text=text)
    except NotYoursError:
        return _replies(platform, who, fault="全市的常用语由督办员和管理员维护；您可以存为自己的", title=title, text=text)
    return RedirectResponse("/desk/replies", 303)


@router.post("/replies/{reply_id}/remove")
def remove_reply(platform: PlatformDep, who: DeskSender, reply_id: int) -> Response:
    """Delete a canned reply."""
    try:
        with platform.database.write() as session:
            replies.remove(session, reply_id, by=who.username, may_edit_city=who.role in _CHIEFS, now=platform.clock.now())
    except NotYoursError:
        raise not_found("常用语", str(reply_id)) from None
    return RedirectResponse("/desk/replies", 303)


@router.get("/setup")
def setup_page(platform: PlatformDep, who: Operator) -> Response:
    """How conversations are assigned, who works at the desk and in which groups; supervisors change it here."""
    return _setup(platform, who)


@router.post("/setup")
def save_setup(
    platform: PlatformDep,
    who: Chief,
    accept_minutes: Number,
    answer_minutes: Number,
    idle_minutes: Number,
    away_seconds: Number,
    capacity: Number,
    office_hours: Annotated[str, Form(max_length=1000)],
    assign: Annotated[bool, Form()] = False,
) -> Response:
    """Set the rules anew."""
    try:
        given = DeskSettings(
            assign=assign,
            accept_minutes=accept_minutes,
            answer_minutes=answer_minutes,
            idle_minutes=idle_minutes,
            away_seconds=away_seconds,
            capacity=capacity,
            office_hours=tuple(line.strip() for line in office_hours.splitlines() if line.strip()),
        )
    except ValidationError as error:
        first = error.errors()[0]
        return _setup(platform, who, fault=f"{first['loc'][0]}: {first['msg'].removeprefix('Value error, ')}")
    with platform.database.write() as session:
        staffing.save_settings(session, given, by=who.username, now=platform.clock.now())
    return RedirectResponse("/desk/setup", 303)


@router.post("/groups")
def save_group(
    platform: PlatformDep,
    who: Chief,
    code: Annotated[str, Form(pattern=r"^[a-z0-9-]{1,16}$")],
    name: Line,
    channels: Annotated[list[str], Form()] = [],  # noqa: B006 - FastAPI copies it
    districts: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """Add a group or change it."""
    wanted = districts.replace("，", " ").replace("、", " ").split()
    known = platform.reference.current().units
    unknown = [each for each in wanted if known.district(each) is None]
    if unknown or not name.strip() or not set(channels) <= set(CHANNELS):
        said = f"没有这些区：{'、'.join(unknown)}" if unknown else "组名要写，渠道从列表里选"
        return _setup(platform, who, fault=said)
    with platform.database.write() as session:
        staffing.save_group(
            session,
            code,
            name=name.strip(),
            channels=sorted(set(channels)),
            districts=wanted,
            by=who.username,
            now=platform.clock.now(),
        )
    return RedirectResponse("/desk/setup", 303)


@router.post("/groups/{code}/remove")
def remove_group(platform: PlatformDep, who: Chief, code: str) -> Response:
    """Delete a group."""
    with platform.database.write() as session:
        staffing.remove_group(session, code, by=who.username, now=platform.clock.now())
    return RedirectResponse("/desk/setup", 303)


@router.post("/operators/{username}")
def save_operator(
    platform: PlatformDep,
    who: Chief,
    username: str,
    capacity: Annotated[int, Form(ge=1, le=50)],
    groups: Annotated[list[str], Form()] = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Set an operator's limit and groups."""
    with platform.database.write() as session:
        found = staffing.save_operator(session, username, capacity=capacity, groups=groups, by=who.username, now=platform.clock.now())
    if not found:
        raise not_found("话务员", username)
    return RedirectResponse("/desk/setup", 303)


def _replies(platform: Platform, who: LoggedIn, *, q: str = "", fault: str | None = None, title: str = "", text: str = "") -> Response:
    with platform.database.read() as session:
        found = replies.search(session, who.username, q)
    values = {"found": found, "q": q, "fault": fault, "title": title, "text": text, "variables": replies.VARIABLES}
    return pages.render("canned.html", who, status=409 if fault else 200, chief=who.role in _CHIEFS, **values)


def _setup(platform: Platform, who: LoggedIn, *, fault: str | None = None) -> Response:
    with platform.database.read() as session:
        values = {
            "setup": staffing.settings(session),
            "groups": staffing.groups(session),
            "operators": staffing.operators(session),
        }
    values |= {"fault": fault, "chief": who.role in _CHIEFS, "channel_names": CHANNELS, "state_names": staffing.STATES}
    return pages.render("setup.html", who, status=409 if fault else 200, **values)
