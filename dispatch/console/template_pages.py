"""The page of answer templates: a unit keeps its own, dispatchers and administrators the city's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Response
from fastapi.responses import RedirectResponse

from dispatch.accounts.service import LoggedIn
from dispatch.answer_templates import service as templates
from dispatch.answer_templates.service import NotYoursError, UnknownVariableError
from dispatch.console.pages import FormSender, Pages, Visitor
from dispatch.core.problems import Problem, not_found
from dispatch.orders.workflow import Role
from dispatch.platform import PlatformDep

router = APIRouter(prefix="/console/templates", include_in_schema=False)
pages = Pages(Path(__file__).parent / "templates")

_KEEPERS = frozenset({Role.DISPATCHER, Role.ADMINISTRATOR})


def _keeper(who: LoggedIn) -> LoggedIn:
    if not (who.role is Role.HANDLER and who.unit_code) and who.role not in _KEEPERS:
        raise Problem(403, "没有权限", "答复模板由承办单位、派单员和管理员维护", kind="forbidden")
    return who


def keeper(who: Visitor) -> LoggedIn:
    """FastAPI dependency: somebody who keeps templates, or problem 403."""
    return _keeper(who)


def sender(who: FormSender) -> LoggedIn:
    """FastAPI dependency of forms: the same, from a page of this very login."""
    return _keeper(who)


Keeper = Annotated[LoggedIn, Depends(sender)]


@router.get("")
def list_page(platform: PlatformDep, who: Annotated[LoggedIn, Depends(keeper)], edit: Annotated[int | None, Query()] = None) -> Response:
    """The templates that a unit can use, and a form to add or change one's own."""
    with platform.database.read() as session:
        found = templates.listing(session, who.unit_code)
    editing = next((each for each in found if each.id == edit and each.unit_code == who.unit_code), None)
    return _page(who, found, editing)


@router.post("")
def save(
    platform: PlatformDep,
    who: Keeper,
    title: Annotated[str, Form(min_length=1, max_length=60)],
    text: Annotated[str, Form(min_length=1, max_length=2000)],
    id: Annotated[int | None, Form()] = None,
) -> Response:
    """Add a template, or change one of one's own."""
    try:
        with platform.database.write() as session:
            now = platform.clock.now()
            templates.save(
                session, template_id=id, unit_code=who.unit_code, title=title.strip(), text=text.strip(), by=who.username, now=now
            )
    except UnknownVariableError as error:
        with platform.database.read() as session:
            found = templates.listing(session, who.unit_code)
        return _page(who, found, {"id": id, "title": title, "text": text}, f"没有变量 {{{error}}}，可用的变量见下方")
    except NotYoursError:
        raise not_found("答复模板", str(id)) from None
    return RedirectResponse("/console/templates", 303)


@router.post("/{template_id}/remove")
def remove(platform: PlatformDep, who: Keeper, template_id: int) -> Response:
    """Delete one of one's own."""
    try:
        with platform.database.write() as session:
            templates.remove(session, template_id, unit_code=who.unit_code)
    except NotYoursError:
        raise not_found("答复模板", str(template_id)) from None
    return RedirectResponse("/console/templates", 303)


def _page(who: LoggedIn, found: object, editing: object, fault: str | None = None) -> Response:
    return pages.render(
        "answer_templates.html",
        who,
        found=found,
        editing=editing,
        variables=templates.VARIABLES,
        fault=fault,
        status=422 if fault else 200,
    )
