"""Routes on the knowledge base."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, UploadFile
from sqlalchemy.orm import Session

from dispatch.accounts.callers import StaffOrService
from dispatch.accounts.service_token import ServiceCaller
from dispatch.administration import service as administration
from dispatch.core.clock import beijing
from dispatch.core.problems import Problem, not_found
from dispatch.knowledge import service
from dispatch.knowledge.importing import MAX_FILE
from dispatch.knowledge.live import KnowledgeBase
from dispatch.knowledge.rows import KnowledgeFileError
from dispatch.knowledge.schemas import (
    CONVERSATION_ID,
    ENTRY_ID,
    AnswerIn,
    AnswerOut,
    ChangeOut,
    DecisionIn,
    EntryLineOut,
    EntryOut,
    FeedbackIn,
    GapDetailOut,
    GapOut,
    GiveIn,
    HitOut,
    ImportOut,
    RateOut,
    RowErrorOut,
    SubmitIn,
)
from dispatch.knowledge.service import EntryFilter, GapFilter, IllegalStepError, NoSuchEntryError, NoSuchGapError
from dispatch.orders.service import Actor
from dispatch.orders.workflow import Role
from dispatch.platform import Platform, PlatformDep

router = APIRouter(prefix="/api/v1", tags=["knowledge"])

_REVIEWERS = frozenset({Role.DISPATCHER, Role.ADMINISTRATOR})
_IMPORTERS = _REVIEWERS | {Role.BOT}
_WRITERS = _REVIEWERS | {Role.HANDLER, Role.OPERATOR}


def knowledge_base(platform: PlatformDep) -> KnowledgeBase:
    """FastAPI dependency: this process's knowledge base."""
    return platform.knowledge


EntryId = Annotated[str, Path(pattern=ENTRY_ID)]
ConversationId = Annotated[str, Path(pattern=CONVERSATION_ID)]
VersionNumber = Annotated[int, Path(ge=1, le=2**31 - 1)]
GapId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Short = Annotated[str, Query(max_length=100)]
GivenVersion = Annotated[int, Query(ge=1, le=2**31 - 1)]
KnowledgeDep = Annotated[KnowledgeBase, Depends(knowledge_base)]


@router.post("/knowledge/answer")
def answer(platform: PlatformDep, base: KnowledgeDep, _caller: ServiceCaller, body: AnswerIn) -> AnswerOut:
    """Answer a resident's question, or say that the knowledge base isn't sure (Art. 12)."""
    now = platform.clock.now()

    return service.ask(platform.database, base, body.query, now, conversation_id=body.conversation_id, after=body.after, region=body.region)


@router.get("/knowledge/search")
def search(
    platform: PlatformDep,
    base: KnowledgeDep,
    _caller: StaffOrService,
    q: Annotated[str, Query(max_length=1000)],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
    subject: Annotated[str | None, Query(max_length=80)] = None,
    region: Annotated[str | None, Query(max_length=32)] = None,
) -> AnswerOut:
    """Search what is published and valid today."""
    with platform.database.read() as session:
        return service.search(session, base, q, platform.clock.now(), limit=limit, subject=subject, region=region)


@router.post("/knowledge/import")
def import_file(platform: PlatformDep, actor: StaffOrService, file: UploadFile, dry_run: bool = False) -> ImportOut:
    """Take in a file: CSV (id, question, passage, dept), JSON Lines, Markdown, DOCX or PDF; the same ids or headings again are updates."""
    _allow(actor, _IMPORTERS)
    return imported(platform, file, dry_run=dry_run, by=actor.name)


def imported(platform: Platform, file: UploadFile, *, dry_run: bool, by: str) -> ImportOut:
    """Take in an uploaded file and return what became of its rows; what can't be read as a whole is a problem 413 or 422."""
    data = file.file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise Problem(413, "文件太大", f"file: 一次最多导入 {MAX_FILE // 1024 // 1024} MB，请分成几个文件", kind="too-large", field="file")
    units = platform.reference.current().units.all()
    find = service.unit_finder((unit.code, unit.name, unit.short) for unit in units)
    name = file.filename or ""
    try:
        report = service.import_file(platform.database, name, data, platform.clock.now(), unit_code=find, dry_run=dry_run)
    except KnowledgeFileError as error:
        raise Problem(422, "文件无法导入", f"file: {error}", kind="bad-file", field="file") from error
    if not dry_run and (report.added or report.updated):
        with platform.database.write() as session:
            said = f"新增 {report.added} 条，更新 {report.updated} 条，有误 {len(report.errors)} 行"
            administration.record(session, "knowledge_imported", name or "未命名", said, by=by, now=platform.clock.now())
    errors = [RowErrorOut(line=each.line, id=each.id, error=each.error) for each in report.errors]
    return ImportOut(added=report.added, updated=report.updated, unchanged=report.unchanged, errors=errors, dry_run=dry_run)


@router.post("/conversations/{conversation_id}/answers")
def give(platform: PlatformDep, _caller: ServiceCaller, conversation_id: ConversationId, body: GiveIn) -> HitOut:
    """Return the entry that the resident picked from the titles offered, and record that it was given."""
    with platform.database.write() as session:
        try:
            return service.give(session, conversation_id, body.entry_id, platform.clock.now())
        except NoSuchEntryError as error:
            raise not_found("知识条目", body.entry_id) from error


@router.post("/conversations/{conversation_id}/feedback", status_code=204)
def feedback(platform: PlatformDep, _caller: ServiceCaller, conversation_id: ConversationId, body: FeedbackIn) -> None:
    """Record whether an answer solved the resident's question."""
    with platform.database.write() as session:
        try:
            service.record_feedback(session, body.entry_id, conversation_id=conversation_id, solved=body.solved, now=platform.clock.now())
        except NoSuchEntryError as error:
            raise not_found("知识条目", body.entry_id) from error


@router.get("/knowledge/entries")
def list_entries(
    platform: PlatformDep,
    _caller: StaffOrService,
    q: Short = "",
    state: Literal["", "draft", "in_review", "published", "withdrawn", "expired"] = "",
    subject: Short = "",
    unit: Short = "",
    region: Short = "",
    expires_by: date | None = None,
    after: Short = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[EntryLineOut]:
    """Return entries by id, from the one behind ``after``."""
    wanted = EntryFilter(q, state, subject, unit, region, expires_by)
    with platform.database.read() as session:
        return service.listing(session, wanted, after=after, limit=limit)


@router.get("/knowledge/gaps")
def list_gaps(
    platform: PlatformDep,
    actor: StaffOrService,
    unit: Short = "",
    state: Literal["open", "closed"] = "open",
    offset: Annotated[int, Query(ge=0, le=10_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[GapOut]:
    """Return what residents ask and nothing answers, most asked first; a unit sees its own."""
    wanted = GapFilter(actor.unit or unit or None, state)
    with platform.database.read() as session:
        return service.gaps(session, wanted, offset=offset, limit=limit)


@router.get("/knowledge/gaps/{gap_id}")
def get_gap(platform: PlatformDep, actor: StaffOrService, gap_id: GapId) -> GapDetailOut:
    """Return a gap with the questions in it, masked."""
    with platform.database.read() as session:
        gap, questions = _gap(session, actor, gap_id)
    return GapDetailOut(gap=gap, questions=questions)


@router.post("/knowledge/gaps/{gap_id}/close", status_code=204)
def close_gap(platform: PlatformDep, actor: StaffOrService, gap_id: GapId, body: DecisionIn) -> None:
    """Take a gap off the list, with the reason."""
    _allow(actor, _WRITERS)
    with platform.database.write() as session:
        _gap(session, actor, gap_id)
        service.close_gap(session, gap_id, by=actor.name, note=body.note)


@router.get("/knowledge/rates")
def get_rates(
    platform: PlatformDep,
    actor: StaffOrService,
    by: Literal["entry", "unit"] = "entry",
    first: Annotated[date | None, Query(alias="from")] = None,
    last: Annotated[date | None, Query(alias="to")] = None,
    unit: Short = "",
) -> list[RateOut]:
    """Return how often questions were answered at once and how often that didn't help (30 days by default); a unit sees its own."""
    to = last or beijing(platform.clock.now()).date()
    start = first or to - timedelta(days=29)
    if not 0 <= (to - start).days <= 366:
        raise Problem(422, "日期有误", "from: 起始日期应不晚于截止日期，且不超过一年", kind="invalid-input", field="from")
    with platform.database.read() as session:
        return service.rates(session, start, to, by=by, unit_code=actor.unit or unit or None)


@router.get("/knowledge/entries/{entry_id}")
def get_entry(platform: PlatformDep, base: KnowledgeDep, _caller: StaffOrService, entry_id: EntryId) -> EntryOut:
    """Return an entry with its versions and what it may contradict."""
    with platform.database.read() as session:
        try:
            return service.entry_out(session, base, entry_id, beijing(platform.clock.now()).date())
        except NoSuchEntryError as error:
            raise not_found("知识条目", entry_id) from error


@router.get("/knowledge/entries/{entry_id}/diff")
def get_diff(
    platform: PlatformDep, _caller: StaffOrService, entry_id: EntryId, before: GivenVersion, after: GivenVersion
) -> list[ChangeOut]:
    """Return what changed between two versions."""
    with platform.database.read() as session:
        try:
            return service.diff(service.version_content(session, entry_id, before), service.version_content(session, entry_id, after))
        except NoSuchEntryError as error:
            raise not_found("知识条目版本", str(error)) from error


@router.post("/knowledge/entries/{entry_id}/versions", status_code=201)
def submit(platform: PlatformDep, actor: StaffOrService, entry_id: EntryId, body: SubmitIn) -> dict[str, int]:
    """Submit a new or changed entry for review; a unit only its own (Art. 13)."""
    _allow(actor, _WRITERS)
    with platform.database.write() as session:
        owner = service.owner(session, entry_id)
        if actor.unit is not None and (body.content.unit_code != actor.unit or owner not in (None, actor.unit)):
            raise Problem(403, "不是本单位的条目", "unit_code: 只能提交和更新本单位负责的条目", kind="forbidden", field="unit_code")
        number = service.submit(session, entry_id, body.content, author=actor.name, now=platform.clock.now(), note=body.note)
    return {"version": number}


@router.post("/knowledge/entries/{entry_id}/versions/{number}/publish", status_code=204)
def publish(platform: PlatformDep, actor: StaffOrService, entry_id: EntryId, number: VersionNumber) -> None:
    """Put a submitted version in force."""
    _allow(actor, _REVIEWERS)
    with platform.database.write() as session:
        try:
            service.publish(session, entry_id, number, reviewer=actor.name, now=platform.clock.now())
        except NoSuchEntryError as error:
            raise not_found("知识条目版本", str(error)) from error
        except IllegalStepError as error:
            raise Problem(409, "当前状态不能这样处理", str(error), kind="illegal-transition") from error


@router.post("/knowledge/entries/{entry_id}/versions/{number}/reject", status_code=204)
def reject(platform: PlatformDep, actor: StaffOrService, entry_id: EntryId, number: VersionNumber, body: DecisionIn) -> None:
    """Send a submitted version back with the reason."""
    _allow(actor, _REVIEWERS)
    with platform.database.write() as session:
        try:
            service.reject(session, entry_id, number, reviewer=actor.name, note=body.note, now=platform.clock.now())
        except NoSuchEntryError as error:
            raise not_found("知识条目版本", str(error)) from error
        except IllegalStepError as error:
            raise Problem(409, "当前状态不能这样处理", str(error), kind="illegal-transition") from error


@router.post("/knowledge/entries/{entry_id}/withdraw", status_code=204)
def withdraw(platform: PlatformDep, actor: StaffOrService, entry_id: EntryId, body: DecisionIn) -> None:
    """Take an entry out of answers."""
    _allow(actor, _REVIEWERS)
    with platform.database.write() as session:
        try:
            service.withdraw(session, entry_id, by=actor.name, reason=body.note, now=platform.clock.now())
        except NoSuchEntryError as error:
            raise not_found("知识条目", entry_id) from error
        except IllegalStepError as error:
            raise Problem(409, "当前状态不能这样处理", str(error), kind="illegal-transition") from error


def _gap(session: Session, actor: Actor, gap_id: int) -> tuple[GapOut, list[str]]:
    try:
        gap, questions = service.gap_examples(session, gap_id)
    except NoSuchGapError as error:
        raise not_found("知识缺口", str(gap_id)) from error
    if actor.unit is not None and gap.unit_code != actor.unit:
        raise not_found("知识缺口", str(gap_id))
    return gap, questions


def _allow(actor: Actor, roles: frozenset[Role]) -> None:
    if actor.role not in roles:
        raise Problem(403, "没有这个权限", "您的角色不能做这一步", kind="forbidden")
