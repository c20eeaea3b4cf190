"""Routes on the knowledge base."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, UploadFile

from dispatch.accounts.callers import StaffOrService
from dispatch.accounts.service_token import ServiceCaller
from dispatch.core.clock import beijing
from dispatch.core.problems import Problem, not_found
from dispatch.knowledge import service
from dispatch.knowledge.csv_files import KnowledgeFileError
from dispatch.knowledge.live import KnowledgeBase
from dispatch.knowledge.schemas import (
    CONVERSATION_ID,
    ENTRY_ID,
    AnswerIn,
    AnswerOut,
    ChangeOut,
    DecisionIn,
    EntryOut,
    FeedbackIn,
    ImportOut,
    RowErrorOut,
    SubmitIn,
)
from dispatch.knowledge.service import IllegalStepError, NoSuchEntryError
from dispatch.orders.service import Actor
from dispatch.orders.workflow import Role
from dispatch.platform import PlatformDep

router = APIRouter(prefix="/api/v1", tags=["knowledge"])

_REVIEWERS = frozenset({Role.DISPATCHER, Role.ADMINISTRATOR})
_IMPORTERS = _REVIEWERS | {Role.BOT}
_WRITERS = _REVIEWERS | {Role.HANDLER, Role.OPERATOR}
_ANSWERS = 3
_MAX_FILE = 64 * 1024 * 1024


def knowledge_base(platform: PlatformDep) -> KnowledgeBase:
    """FastAPI dependency: this process's knowledge base."""
    return platform.knowledge


EntryId = Annotated[str, Path(pattern=ENTRY_ID)]
ConversationId = Annotated[str, Path(pattern=CONVERSATION_ID)]
VersionNumber = Annotated[int, Path(ge=1, le=2**31 - 1)]
GivenVersion = Annotated[int, Query(ge=1, le=2**31 - 1)]
KnowledgeDep = Annotated[KnowledgeBase, Depends(knowledge_base)]


@router.post("/knowledge/answer")
def answer(platform: PlatformDep, base: KnowledgeDep, _caller: ServiceCaller, body: AnswerIn) -> AnswerOut:
    """Answer a resident's question, or say that the knowledge base isn't sure (Art. 12)."""
    now = platform.clock.now()
    result = base.search(body.query, on=beijing(now).date(), limit=_ANSWERS)
    with platform.database.write() as session:
        return service.answer(session, body.query, result, now, conversation_id=body.conversation_id)


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
def import_file(platform: PlatformDep, actor: StaffOrService, file: UploadFile) -> ImportOut:
    """Take in a CSV file with the columns id, question, passage, dept; the same ids again are updates."""
    _allow(actor, _IMPORTERS)
    data = file.file.read(_MAX_FILE + 1)
    if len(data) > _MAX_FILE:
        raise Problem(413, "文件太大", f"file: 一次最多导入 {_MAX_FILE // 1024 // 1024} MB", kind="too-large", field="file")
    units = platform.reference.current().units.all()
    find = service.unit_finder((unit.code, unit.name, unit.short) for unit in units)
    try:
        report = service.import_csv(platform.database, data, platform.clock.now(), unit_code=find)
    except KnowledgeFileError as error:
        raise Problem(422, "文件无法导入", f"file: {error}", kind="bad-file", field="file") from error
    errors = [RowErrorOut(line=each.line, id=each.id, error=each.error) for each in report.errors]
    return ImportOut(added=report.added, updated=report.updated, unchanged=report.unchanged, errors=errors)


@router.post("/conversations/{conversation_id}/feedback", status_code=204)
def feedback(platform: PlatformDep, _caller: ServiceCaller, conversation_id: ConversationId, body: FeedbackIn) -> None:
    """Record whether an answer solved the resident's question."""
    with platform.database.write() as session:
        try:
            service.record_feedback(session, body.entry_id, conversation_id=conversation_id, solved=body.solved, now=platform.clock.now())
        except NoSuchEntryError as error:
            raise not_found("知识条目", body.entry_id) from error


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


def _allow(actor: Actor, roles: frozenset[Role]) -> None:
    if actor.role not in roles:
        raise Problem(403, "没有这个权限", "您的角色不能做这一步", kind="forbidden")
