"""The page kit: templates, who is logged in, forms that can't be forged."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from fastapi import Cookie, Depends, Form, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dispatch.accounts.callers import check_csrf, login_of
from dispatch.accounts.service import LoggedIn
from dispatch.core.clock import beijing
from dispatch.core.problems import Problem
from dispatch.orders.refusals import NEED_NAMES as NEED_NAMES
from dispatch.orders.workflow import Role
from dispatch.platform import PlatformDep

DESK_ROLES = frozenset({Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR, Role.ADMINISTRATOR})
ROLE_NAMES = {
    Role.OPERATOR: "话务员",
    Role.HANDLER: "承办单位",
    Role.DISPATCHER: "派单员",
    Role.SUPERVISOR: "督办员",
    Role.AUDITOR: "审计员",
    Role.ADMINISTRATOR: "管理员",
    Role.RESIDENT: "诉求人",
    Role.BOT: "智能客服",
    Role.SYSTEM: "系统",
}
_EVERYBODY = frozenset(Role) - {Role.RESIDENT, Role.BOT, Role.SYSTEM}


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the main navigation; a page says which one it belongs to by ``{% set here = href %}``."""

    href: str
    label: str
    roles: frozenset[Role]


NAVIGATION: list[Entry] = [
    Entry("/desk", "话务员工作台", DESK_ROLES),
    Entry("/console", "工单", _EVERYBODY),
    Entry("/console/dispatch", "派单台", frozenset({Role.DISPATCHER, Role.SUPERVISOR})),
    Entry("/console/wall", "大屏", frozenset({Role.DISPATCHER, Role.SUPERVISOR, Role.ADMINISTRATOR})),
    Entry("/console/notices", "提醒", frozenset({Role.HANDLER, Role.DISPATCHER, Role.SUPERVISOR})),
    Entry("/console/callbacks", "回访", frozenset({Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR, Role.AUDITOR})),
    Entry("/console/appeals", "回访申诉", frozenset({Role.HANDLER, Role.DISPATCHER, Role.SUPERVISOR, Role.AUDITOR})),
    Entry("/console/evaluation", "考评", _EVERYBODY),
    Entry("/console/workflow", "流转规则", _EVERYBODY),
    Entry("/console/catalogue", "派单目录", frozenset({Role.DISPATCHER, Role.ADMINISTRATOR})),
    Entry("/console/knowledge", "知识库", _EVERYBODY),
    Entry("/console/figures", "数据", _EVERYBODY),
    Entry("/console/insight", "数据分析", _EVERYBODY),
    Entry("/console/undelivered", "未送达", frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})),
    Entry("/console/deliveries", "投递", frozenset({Role.ADMINISTRATOR})),
    Entry("/console/audit", "审计", frozenset({Role.AUDITOR, Role.ADMINISTRATOR})),
    Entry("/console/admin", "系统管理", frozenset({Role.ADMINISTRATOR})),
]

CHANNEL_NAMES = {
    **{"web": "网页", "sms": "短信", "voice": "电话", "phone": "话务", "telegram": "Telegram", "whatsapp": "WhatsApp"},
    **{"open311": "Open311", "import": "批量导入"},
}

_KIT = Path(__file__).parent / "templates"


class LoginNeededError(Exception):
    """Nobody is logged in; the page that was asked for is ``target``."""

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self.target = target

    @property
    def login_url(self) -> str:
        """Where to log in and be brought back from."""
        return f"/console/login?next={quote(self.target)}"


def page_visitor(request: Request, platform: PlatformDep, jsjb_session: Annotated[str | None, Cookie()] = None) -> LoggedIn:
    """FastAPI dependency of pages: who is logged in, or off to the log-in page."""
    if jsjb_session:
        who = login_of(platform, jsjb_session)
        if who:
            return who
    raise LoginNeededError(page_of(request))


def page_of(request: Request) -> str:
    """Return the page that ``request`` came from: forms and htmx ask for addresses that are no pages to come back to."""
    if request.headers.get("hx-request"):
        return urlsplit(request.headers.get("hx-current-url", "")).path or request.url.path
    if request.method == "POST":
        return re.sub(r"(/transitions)?/[^/]+$", "", request.url.path)
    return request.url.path


Visitor = Annotated[LoggedIn, Depends(page_visitor)]


class StaleFormError(Exception):
    """A form came from a page of an earlier log-in (or from no page of ours at all); ``who`` is logged in now."""

    def __init__(self, who: LoggedIn, problem: Problem) -> None:
        super().__init__(problem.title)
        self.who = who
        self.problem = problem


def form_sender(who: Visitor, csrf: Annotated[str, Form(max_length=64)] = "") -> LoggedIn:
    """FastAPI dependency of forms: who sent it, from a page of this very login."""
    try:
        check_csrf(who, csrf)
    except Problem as problem:
        raise StaleFormError(who, problem) from None
    return who


FormSender = Annotated[LoggedIn, Depends(form_sender)]


def desk_visitor(who: Visitor) -> LoggedIn:
    """FastAPI dependency: somebody who may work at the operators' desk, or problem 403."""
    if who.role not in DESK_ROLES:
        raise Problem(403, "没有权限", "话务员工作台只对话务员、派单员和督办员开放", kind="forbidden")
    return who


class Pages:
    """Renders templates from a capability's folder on top of the kit's."""

    def __init__(self, *folders: Path) -> None:
        self._environment = Environment(
            loader=FileSystemLoader([*folders, _KIT]), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._environment.globals["navigation"] = NAVIGATION
        self._environment.filters["moment"] = _moment
        self._environment.filters["place"] = _place
        self._environment.filters["role_name"] = lambda role: ROLE_NAMES[Role(role)]
        self._environment.filters["need_name"] = lambda need: NEED_NAMES.get(need.value, need.value)
        self._environment.filters["channel_name"] = lambda channel: CHANNEL_NAMES.get(channel, channel)

    def add_global(self, name: str, value: Any) -> None:
        """Let every template of these pages use ``value`` as ``name``."""
        self._environment.globals[name] = value

    def render(self, template: str, who: LoggedIn | None = None, *, status: int = 200, **values: Any) -> HTMLResponse:
        """Return the page; ``who`` is shown at the top and its CSRF token goes into every form."""
        text = self._environment.get_template(template).render(who=who, role_name=ROLE_NAMES.get(who.role) if who else None, **values)
        return HTMLResponse(text, status, headers={"Cache-Control": "no-store"})


def _moment(value: datetime | None) -> str:
    return f"{beijing(value):%m-%d %H:%M}" if value else "—"


def _place(place: Any) -> str:
    parts: Iterable[str | None] = (place.district, place.street, place.community, place.detail)
    return " ".join(filter(None, parts)) or "地点不详"
