"""The administrators' pages of the catalogue: find an item, edit it, see what would change, publish it, go back."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import pydantic
from fastapi import APIRouter, Depends, Form, Query, Response
from fastapi import Path as PathParameter
from fastapi.responses import RedirectResponse

from dispatch.accounts.service import LoggedIn
from dispatch.catalogue import service as catalogue
from dispatch.catalogue.api import PUBLISHERS
from dispatch.catalogue.loader import CatalogueItem, CatalogueItemsError, ItemProblem
from dispatch.catalogue.schemas import EditionIn, PublishIn
from dispatch.catalogue.service import NoSuchVersionError, OutdatedBaseError, UnchangedError
from dispatch.console.pages import FormSender, Pages, Visitor
from dispatch.core.problems import Problem, not_found
from dispatch.platform import Platform, PlatformDep

router = APIRouter(prefix="/console/catalogue", include_in_schema=False)
pages = Pages(Path(__file__).parent / "templates")

KINDS = {"street": "街道（乡镇）", "district": "区政府", "department": "市级部门", "utility": "公共服务企业", "liaison": "协调组"}
LIMITS = {"urgent": "2小时（危及生命财产）", "livelihood": "24小时（水电气热）", "ordinary": "7日（一般）", "complex": "15日（复杂）"}
CLOCKS = {"calendar": "自然日", "working": "工作日"}
FIELD_NAMES = {
    "code": "代码",
    "name": "名称",
    "group": "类别",
    "description": "说明",
    "handler": "承办方",
    "co_units": "协办单位",
    "time_limit": "时限",
    "clock": "计时",
    "basis": "依据",
    "synonyms": "常用说法",
    "negative_hints": "排除说法",
    "examples": "例句",
}

Text = Annotated[str, Form(max_length=20_000)]
Short = Annotated[str, Form(max_length=400)]
Number = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]


def _allowed(who: LoggedIn) -> LoggedIn:
    if who.role not in PUBLISHERS:
        raise Problem(403, "没有权限", "派单目录只由派单员和管理员维护", kind="forbidden")
    return who


def editor(who: Visitor) -> LoggedIn:
    """FastAPI dependency: somebody who may maintain the catalogue, or problem 403."""
    return _allowed(who)


def editor_sending(who: FormSender) -> LoggedIn:
    """FastAPI dependency of forms: the same, from a page of this very login."""
    return _allowed(who)


Editor = Annotated[LoggedIn, Depends(editor)]
EditorSending = Annotated[LoggedIn, Depends(editor_sending)]


@router.get("")
def list_page(
    platform: PlatformDep,
    who: Editor,
    q: Annotated[str, Query(max_length=100)] = "",
    group: Annotated[str, Query(max_length=30)] = "",
) -> Response:
    """The catalogue in force by group, with a search."""
    with platform.database.read() as session:
        number = catalogue.version_in_force(session)
        everything = catalogue.items_of(session, number)
        version = catalogue.version_out(session, number)
    found = catalogue.search(everything, words=q, group=group)
    by_group = [(name, list(items)) for name, items in groupby(found, key=lambda item: item.group)]
    groups = list(dict.fromkeys((item.group_code, item.group) for item in everything))
    values: dict[str, Any] = {"by_group": by_group, "groups": groups, "count": len(found), "handlers": _handlers(platform, found)}
    return pages.render("catalogue.html", who, version=version, q=q, group=group, limits=LIMITS, clocks=CLOCKS, **values)


@router.get("/new")
def new_page(platform: PlatformDep, who: Editor) -> Response:
    """An empty form."""
    return _form_page(platform, who, _fields(None), base=None, is_new=True)


@router.get("/items/{code}")
def item_page(platform: PlatformDep, who: Editor, code: str) -> Response:
    """One item in a form."""
    with platform.database.read() as session:
        number = catalogue.version_in_force(session)
        item = next((each for each in catalogue.items_of(session, number) if each.code == code), None)
    if item is None:
        raise not_found("事项", code)
    return _form_page(platform, who, _fields(item), base=number, is_new=False)


@router.post("/items")
def review_item(
    platform: PlatformDep,
    who: EditorSending,
    base: Annotated[int, Form(ge=1, le=2**31 - 1)],
    code: Short = "",
    name: Short = "",
    group: Short = "",
    description: Text = "",
    kind: Short = "",
    unit: Short = "",
    co_units: Short = "",
    time_limit: Short = "",
    clock: Short = "",
    basis: Short = "",
    synonyms: Text = "",
    negative_hints: Text = "",
    examples: Text = "",
    is_new: Annotated[bool, Form()] = False,
) -> Response:
    """What would change; what is wrong with the item is said at its fields, with everything written kept."""
    fields = {
        "code": code.strip(),
        "name": name.strip(),
        "group": group.strip(),
        "description": description.strip(),
        "kind": kind,
        "unit": unit.strip(),
        "co_units": co_units,
        "time_limit": time_limit,
        "clock": clock,
        "basis": basis.strip(),
        "synonyms": synonyms,
        "negative_hints": negative_hints,
        "examples": examples,
    }
    given = EditionIn(base=base, changes=[_item(fields)])
    if is_new:
        with platform.database.read() as session:
            if any(item.code == fields["code"] for item in catalogue.items_of(session, catalogue.version_in_force(session))):
                taken = [ItemProblem(fields["code"], "code", "这个代码已经有了")]
                return _form_page(platform, who, fields, base=base, is_new=True, problems=taken)
    try:
        return _review_page(platform, who, given)
    except CatalogueItemsError as error:
        return _form_page(platform, who, fields, base=base, is_new=is_new, problems=list(error.items))


@router.post("/items/{code}/removal")
def review_removal(platform: PlatformDep, who: EditorSending, code: str, base: Annotated[int, Form(ge=1, le=2**31 - 1)]) -> Response:
    """What removing an item would change."""
    try:
        return _review_page(platform, who, EditionIn(base=base, removed=[code]))
    except CatalogueItemsError as error:
        raise not_found("事项", code) from error


@router.post("/versions/{number}/restoration")
def review_restoration(platform: PlatformDep, who: EditorSending, number: Number) -> Response:
    """What putting an earlier version in force again would change."""
    with platform.database.read() as session:
        base = catalogue.version_in_force(session)
    try:
        return _review_page(platform, who, EditionIn(base=base, restore=number))
    except CatalogueItemsError as error:
        raise Problem(409, "这一版已不能生效", "；".join(error.problems[:20]), kind="invalid-catalogue") from error


@router.post("/publish")
def publish(
    platform: PlatformDep, who: EditorSending, edition: Annotated[str, Form(max_length=200_000)], note: Annotated[str, Form()] = ""
) -> Response:
    """Put what was reviewed in force."""
    try:
        given = EditionIn.model_validate_json(edition)
    except pydantic.ValidationError as error:
        raise Problem(422, "请求内容有误", "edition: 请从修改页面重新提交", kind="invalid-input") from error
    try:
        return _published(platform, who, given, note)
    except CatalogueItemsError as error:
        raise Problem(409, "不能发布", f"请从修改页面重新提交：{'；'.join(error.problems[:20])}", kind="invalid-catalogue") from error


@router.get("/versions")
def versions_page(platform: PlatformDep, who: Editor) -> Response:
    """Every version: who published it, when and why."""
    with platform.database.read() as session:
        return pages.render("catalogue_versions.html", who, versions=catalogue.versions(session))


@router.get("/versions/{number}")
def version_page(platform: PlatformDep, who: Editor, number: Number) -> Response:
    """What a version changed in the one before it."""
    with platform.database.read() as session:
        try:
            version = catalogue.version_out(session, number)
        except NoSuchVersionError as error:
            raise not_found("派单目录版本", str(number)) from error
        before = next((each.id for each in catalogue.versions(session) if each.id < number), None)
        changes = catalogue.diff(catalogue.items_of(session, before), catalogue.items_of(session, number)) if before else []
    return pages.render("catalogue_version.html", who, version=version, before=before, changes=changes, **_shown())


def _published(platform: Platform, who: LoggedIn, given: EditionIn, note: str) -> Response:
    try:
        wanted = PublishIn(**given.model_dump(), note=note)
        with platform.database.write() as session:
            units = platform.reference.current().units
            catalogue.publish_edition(session, wanted, units=units, by=who.username, at=platform.clock.now())
    except pydantic.ValidationError:
        return _review_page(platform, who, given, fault="请写明修改原因（2 至 500 字）", note=note)
    except OutdatedBaseError as error:
        fault = f"您改的是第 {error.base} 版，现在生效的是第 {error.in_force} 版：请在新版上重做这处修改"
        return _review_page(platform, who, given, fault=fault, note=note, outdated=True)
    except UnchangedError:
        return _review_page(platform, who, given, fault="与现行版本完全相同，没有可发布的内容", note=note)
    except NoSuchVersionError as error:
        raise not_found("派单目录版本", str(error)) from error
    return RedirectResponse("/console/catalogue/versions", 303)


def _form_page(
    platform: Platform, who: LoggedIn, fields: dict[str, str], *, base: int | None, is_new: bool, problems: list[ItemProblem] | None = None
) -> Response:
    with platform.database.read() as session:
        number = catalogue.version_in_force(session)
        groups = list(dict.fromkeys((item.group_code, item.group) for item in catalogue.items_of(session, number)))
    named = [f"{FIELD_NAMES.get(each.field.split('.')[0], each.field)}：{each.message}" for each in problems or []]
    values = {
        "fields": fields,
        "base": base or number,
        "is_new": is_new,
        "problems": named,
        "wrong": {each.field.split(".")[0] for each in problems or []},
        "groups": groups,
        "units": platform.reference.current().units.all(),
        "kinds": KINDS,
        "limits": LIMITS,
        "clocks": CLOCKS,
    }
    return pages.render("catalogue_item.html", who, status=422 if problems else 200, **values)


def _review_page(
    platform: Platform, who: LoggedIn, given: EditionIn, *, fault: str | None = None, note: str = "", outdated: bool = False
) -> Response:
    with platform.database.read() as session:
        try:
            items = catalogue.edition(session, given, platform.reference.current().units)
            changes = catalogue.diff(catalogue.items_of(session, given.base), items)
        except NoSuchVersionError as error:
            raise not_found("派单目录版本", str(error)) from error
    edition = given.model_dump_json(exclude_defaults=True)
    values = {"changes": changes, "edition": edition, "fault": fault, "note": note, "outdated": outdated}
    return pages.render("catalogue_review.html", who, status=409 if fault else 200, **values, **_shown())


def _shown() -> dict[str, Any]:
    return {"field_names": FIELD_NAMES, "words": {**KINDS, **LIMITS, **CLOCKS}}


def _handlers(platform: Platform, items: list[CatalogueItem]) -> dict[str, str]:
    units = platform.reference.current().units
    shown = {}
    for item in items:
        unit = units.find(item.handler.unit) if item.handler.unit else None
        shown[item.code] = unit.name if unit else KINDS[item.handler.kind]
    return shown


def _fields(item: CatalogueItem | None) -> dict[str, str]:
    """Return an item as the texts of the form, lists one entry a line."""
    if item is None:
        return {**dict.fromkeys((*FIELD_NAMES, "unit"), ""), "kind": "street", "time_limit": "ordinary", "clock": "calendar"}
    values = {name: str(getattr(item, name)) for name in ("code", "name", "group", "description", "time_limit", "clock", "basis")}
    lists = {name: "\n".join(getattr(item, name)) for name in ("synonyms", "negative_hints", "examples")}
    return {**values, **lists, "kind": item.handler.kind, "unit": item.handler.unit or "", "co_units": " ".join(item.co_units)}


def _item(fields: dict[str, str]) -> dict[str, Any]:
    """Return the texts of the form as an item; whether it is a right one, the catalogue's rules decide."""
    item: dict[str, Any] = {name: fields[name] for name in ("code", "name", "group", "description", "time_limit", "clock", "basis")}
    for name in ("synonyms", "negative_hints", "examples"):
        item[name] = [line.strip() for line in fields[name].splitlines() if line.strip()]
    item["handler"] = {"kind": fields["kind"]} | ({"unit": fields["unit"]} if fields["unit"] else {})
    item["co_units"] = fields["co_units"].replace(",", " ").replace("，", " ").replace("、", " ").split()
    return item
