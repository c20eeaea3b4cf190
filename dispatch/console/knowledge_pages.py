"""The pages of the knowledge base (Art. 13): units write and renew their own, the city's service department reviews and publishes."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from fastapi import APIRouter, Depends, Form, Query, Response
from fastapi import Path as PathParameter
from fastapi.responses import RedirectResponse
from markupsafe import Markup

from dispatch.accounts.service import LoggedIn
from dispatch.console.knowledge_words import FIELD_NAMES, STATES, marked
from dispatch.console.pages import FormSender, Pages, Visitor
from dispatch.core.clock import beijing
from dispatch.core.problems import Problem, not_found
from dispatch.knowledge import service as knowledge
from dispatch.knowledge.render import as_html
from dispatch.knowledge.schemas import ENTRY_ID, EntryContent, EntryOut
from dispatch.knowledge.service import EntryFilter, IllegalStepError, NoSuchEntryError
from dispatch.orders.workflow import Role
from dispatch.platform import Platform, PlatformDep

router = APIRouter(prefix="/console/knowledge", include_in_schema=False)
pages = Pages(Path(__file__).parent / "templates")

REVIEWERS = frozenset({Role.DISPATCHER, Role.ADMINISTRATOR})
WRITERS = REVIEWERS | {Role.HANDLER, Role.OPERATOR}
_PAGE = 50
_SOON_WORKDAYS = 30

EntryId = Annotated[str, PathParameter(pattern=ENTRY_ID)]
Number = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
GivenNumber = Annotated[int, Query(ge=1, le=2**31 - 1)]
Short = Annotated[str, Query(max_length=100)]
Line = Annotated[str, Form(max_length=1000)]
Text = Annotated[str, Form(max_length=60_000)]
Reason = Annotated[str, Form(max_length=400)]


def _writer(who: FormSender) -> LoggedIn:
    if who.role not in WRITERS:
        raise Problem(403, "没有权限", "您的角色只能查看知识库", kind="forbidden")
    return who


def _reviewer(who: FormSender) -> LoggedIn:
    if who.role not in REVIEWERS:
        raise Problem(403, "没有权限", "知识条目由市政务服务部门审核发布", kind="forbidden")
    return who


WriterSending = Annotated[LoggedIn, Depends(_writer)]
ReviewerSending = Annotated[LoggedIn, Depends(_reviewer)]


@router.get("")
def list_page(
    platform: PlatformDep,
    who: Visitor,
    q: Short = "",
    state: Literal["", "draft", "in_review", "published", "withdrawn", "expired"] = "",
    subject: Short = "",
    unit: Short = "",
    region: Short = "",
    soon: bool = False,
    after: Short = "",
) -> Response:
    """The entries, with filters; ``soon`` shows those that will end."""
    today = beijing(platform.clock.now()).date()
    mine = who.unit_code if who.role is Role.HANDLER and not unit and not q else unit
    last = today + timedelta(days=_SOON_WORKDAYS) if soon else None
    wanted = EntryFilter(q.strip(), "published" if soon else state, subject, mine or "", region.strip(), last)
    with platform.database.read() as session:
        entries = knowledge.listing(session, wanted, after=after, limit=_PAGE + 1)
        subjects = knowledge.subjects(session)
        waiting = len(knowledge.waiting_for_review(session))
    values: dict[str, Any] = {"q": q, "state": state, "subject": subject, "unit": mine or "", "region": region, "soon": soon}
    return _render(
        "knowledge.html",
        who,
        entries=entries[:_PAGE],
        more=entries[_PAGE - 1].id if len(entries) > _PAGE else None,
        subjects=subjects,
        units=units_named(platform),
        waiting=waiting,
        writes=who.role in WRITERS,
        today=today,
        **values,
    )


@router.get("/review")
def review_page(platform: PlatformDep, who: Visitor) -> Response:
    """What waits for a reviewer, oldest first, and what it may contradict."""
    today = beijing(platform.clock.now()).date()
    rows = []
    with platform.database.read() as session:
        for entry_id, number in knowledge.waiting_for_review(session, _PAGE):
            entry = knowledge.entry_out(session, platform.knowledge, entry_id, today)
            version = next(each for each in entry.versions if each.number == number)
            rows.append((entry, version, knowledge.conflicts(session, platform.knowledge, entry_id, version.content, today)))
    return _render("knowledge_review.html", who, rows=rows, waiting=len(rows), units=units_named(platform))


@router.get("/new")
def new_page(platform: PlatformDep, who: Visitor, question: Annotated[str, Query(max_length=300)] = "") -> Response:
    """An empty form; ``question`` comes from the gap list."""
    fields = dict.fromkeys(FIELD_NAMES, "")
    if who.unit_code:
        fields["unit_code"] = who.unit_code
    return _form(platform, who, None, fields | {"title": question})


@router.get("/entries/{entry_id}")
def entry_page(platform: PlatformDep, who: Visitor, entry_id: EntryId) -> Response:
    """One entry: what it says, its versions, what it may contradict, and what may be done with it."""
    return _entry(platform, who, entry_id)


@router.get("/entries/{entry_id}/edit")
def edit_page(platform: PlatformDep, who: Visitor, entry_id: EntryId) -> Response:
    """The newest version in a form."""
    entry = _find(platform, entry_id)
    return _form(platform, who, entry_id, _fields(entry.versions[-1].content if entry.versions else entry.content))


@router.get("/entries/{entry_id}/diff")
def diff_page(platform: PlatformDep, who: Visitor, entry_id: EntryId, before: GivenNumber, after: GivenNumber) -> Response:
    """What changed between two versions."""
    with platform.database.read() as session:
        try:
            old, new = (knowledge.version_content(session, entry_id, number) for number in (before, after))
        except NoSuchEntryError as error:
            raise not_found("知识条目版本", str(error)) from error
    changes = [(FIELD_NAMES.get(each.field, each.field), marked(each.before, each.after)) for each in knowledge.diff(old, new)]
    return _render("knowledge_diff.html", who, entry_id=entry_id, title=new.title, before=before, after=after, changes=changes)


@router.post("/entries")
def save(
    platform: PlatformDep,
    who: WriterSending,
    title: Line = "",
    answer: Text = "",
    variants: Text = "",
    subject: Line = "",
    source: Line = "",
    article: Line = "",
    unit_code: Line = "",
    region: Line = "",
    valid_from: Line = "",
    valid_to: Line = "",
    note: Reason = "",
    entry_id: Annotated[str, Form(max_length=64)] = "",
    step: Annotated[Literal["review", "draft"], Form()] = "review",
) -> Response:
    """Write a new version, for review or as a draft; what is wrong is said at the top, with everything written kept."""
    fields = {
        "title": title,
        "answer": answer,
        "variants": variants,
        "subject": subject,
        "source": source,
        "article": article,
        "unit_code": unit_code,
        "region": region,
        "valid_from": valid_from,
        "valid_to": valid_to,
    }
    units = platform.reference.current().units
    unit = units.find(unit_code.strip())
    if unit is None and unit_code.strip():
        return _form(platform, who, entry_id or None, fields, [f"责任单位：没有代码为“{unit_code.strip()}”的单位"], note)
    try:
        content = EntryContent.model_validate(
            {name: value.strip() or None for name, value in fields.items() if name not in ("variants",) and value.strip()}
            | {"variants": [line.strip() for line in variants.splitlines() if line.strip()], "unit_name": unit.name if unit else ""}
        )
    except pydantic.ValidationError as error:
        return _form(platform, who, entry_id or None, fields, _faults(error), note)
    target = entry_id or f"e{uuid.uuid4().hex[:12]}"
    with platform.database.write() as session:
        owner = knowledge.owner(session, target)
        if who.unit_code is not None and (content.unit_code != who.unit_code or owner not in (None, who.unit_code)):
            raise Problem(403, "不是本单位的条目", "unit_code: 只能提交和更新本单位负责的条目", kind="forbidden", field="unit_code")
        now = platform.clock.now()
        knowledge.submit(session, target, content, author=who.username, now=now, note=note.strip(), review=step == "review")
    return RedirectResponse(f"/console/knowledge/entries/{target}", 303)


@router.post("/entries/{entry_id}/versions/{number}/review")
def send_for_review(platform: PlatformDep, who: WriterSending, entry_id: EntryId, number: Number) -> Response:
    """Send a draft to the reviewers."""
    with platform.database.write() as session:
        if who.unit_code is not None and knowledge.owner(session, entry_id) != who.unit_code:
            raise Problem(403, "不是本单位的条目", "只能提交本单位负责的条目", kind="forbidden")
    return _step(platform, who, entry_id, lambda session: knowledge.send_for_review(session, entry_id, number))


@router.post("/entries/{entry_id}/versions/{number}/publish")
def publish(platform: PlatformDep, who: ReviewerSending, entry_id: EntryId, number: Number) -> Response:
    """Put a version in force."""
    now = platform.clock.now()
    return _step(platform, who, entry_id, lambda session: knowledge.publish(session, entry_id, number, reviewer=who.username, now=now))


@router.post("/entries/{entry_id}/versions/{number}/reject")
def reject(platform: PlatformDep, who: ReviewerSending, entry_id: EntryId, number: Number, reason: Reason = "") -> Response:
    """Send a version back with the reason."""
    if not reason.strip():
        return _entry(platform, who, entry_id, fault="请写明退回原因")
    now, note = platform.clock.now(), reason.strip()
    return _step(
        platform, who, entry_id, lambda session: knowledge.reject(session, entry_id, number, reviewer=who.username, note=note, now=now)
    )


@router.post("/entries/{entry_id}/withdraw")
def withdraw(platform: PlatformDep, who: ReviewerSending, entry_id: EntryId, reason: Reason = "") -> Response:
    """Take an entry out of answers."""
    if not reason.strip():
        return _entry(platform, who, entry_id, fault="请写明撤下原因")
    now, note = platform.clock.now(), reason.strip()
    return _step(platform, who, entry_id, lambda session: knowledge.withdraw(session, entry_id, by=who.username, reason=note, now=now))


def _step(platform: Platform, who: LoggedIn, entry_id: str, change: Any) -> Response:
    try:
        with platform.database.write() as session:
            change(session)
    except NoSuchEntryError as error:
        raise not_found("知识条目版本", str(error)) from error
    except IllegalStepError as error:
        return _entry(platform, who, entry_id, fault=str(error))
    return RedirectResponse(f"/console/knowledge/entries/{entry_id}", 303)


def _find(platform: Platform, entry_id: str) -> EntryOut:
    with platform.database.read() as session:
        try:
            return knowledge.entry_out(session, platform.knowledge, entry_id, beijing(platform.clock.now()).date())
        except NoSuchEntryError as error:
            raise not_found("知识条目", entry_id) from error


def _entry(platform: Platform, who: LoggedIn, entry_id: str, *, fault: str | None = None) -> Response:
    entry = _find(platform, entry_id)
    own = who.unit_code is None or entry.content.unit_code == who.unit_code
    newest = entry.versions[-1] if entry.versions else None
    return _render(
        "knowledge_entry.html",
        who,
        status=409 if fault else 200,
        entry=entry,
        newest=newest,
        shown=newest.content if newest and newest.state in ("in_review", "draft") else entry.content,
        fault=fault,
        may_write=own and who.role in WRITERS,
        may_review=who.role in REVIEWERS,
        units=units_named(platform),
    )


def _form(
    platform: Platform, who: LoggedIn, entry_id: str | None, fields: dict[str, str], faults: list[str] | None = None, note: str = ""
) -> Response:
    if who.role not in WRITERS:
        raise Problem(403, "没有权限", "您的角色只能查看知识库", kind="forbidden")
    return _render(
        "knowledge_form.html",
        who,
        status=422 if faults else 200,
        entry_id=entry_id,
        fields=fields,
        faults=faults or [],
        note=note,
        units=platform.reference.current().units.all(),
    )


def _fields(content: EntryContent) -> dict[str, str]:
    values = content.model_dump(mode="json")
    return {name: "\n".join(values[name]) if name == "variants" else str(values[name] or "") for name in FIELD_NAMES}


def _faults(error: pydantic.ValidationError) -> list[str]:
    found = []
    for each in error.errors():
        field = str(each["loc"][0]) if each["loc"] else ""
        message = {"missing": "必填", "string_too_short": "必填", "string_too_long": "太长", "too_long": "太多"}.get(each["type"])
        message = message or ("应为日期，如 2026-12-31" if each["type"].startswith("date") else each["msg"].removeprefix("Value error, "))
        found.append(f"{FIELD_NAMES.get(field, field)}：{message}" if field else message)
    return found


def units_named(platform: Platform) -> dict[str, str]:
    """Return the names of all units by code."""
    return {unit.code: unit.name for unit in platform.reference.current().units.every()}


def _render(template: str, who: LoggedIn, *, status: int = 200, **values: Any) -> Response:
    return pages.render(template, who, status=status, states=STATES, html=_html, **values)


def _html(answer: str) -> Markup:
    return Markup(as_html(answer))  # noqa: S704 - cleaned by nh3
