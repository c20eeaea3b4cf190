"""Routes on overruled readings."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from dispatch.accounts.callers import StaffOrService
from dispatch.core.problems import Problem
from dispatch.orders.service import Actor
from dispatch.orders.workflow import Role
from dispatch.platform import PlatformDep
from dispatch.understanding import corrections
from dispatch.understanding.corrections import CorrectedField, NoCorrectionError, UnknownValueError

router = APIRouter(prefix="/api/v1/corrections", tags=["understanding"])

CORRECTORS = frozenset({Role.OPERATOR, Role.DISPATCHER, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.BOT})
EXPORTERS = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})

Value = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00]*$")]


class CorrectionIn(BaseModel):
    """One overruled reading; ``predicted`` is null where the system had said nothing, ``source`` names what the text came from."""

    model_config = ConfigDict(extra="forbid")

    field: CorrectedField
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]
    predicted: Value | None = None
    confidence: float | None = Field(default=None, ge=0, le=1)
    corrected: Value
    source: Value | None = None


class CorrectionOut(BaseModel):
    """The number of the row that was kept."""

    id: int


@router.post("", status_code=201)
def record(platform: PlatformDep, actor: StaffOrService, body: CorrectionIn) -> CorrectionOut:
    """Keep what an operator says is right where the system understood something else."""
    _allow(actor, CORRECTORS, "只有话务员、派单员、督办员和管理员可以更正研判结果")
    reference = platform.reference.current()
    try:
        with platform.database.write() as session:
            number = corrections.record_correction(
                session,
                field=body.field,
                text=body.text,
                predicted=body.predicted,
                confidence=body.confidence,
                corrected=body.corrected,
                source=body.source,
                by=actor.name,
                at=platform.clock.now(),
                catalogue=reference.catalogue,
                units=reference.units,
            )
    except UnknownValueError as error:
        raise Problem(
            422, "更正的内容有误", f"corrected: 应为{error.expected}", kind="unknown-value", field="corrected", expected=error.expected
        ) from error
    except NoCorrectionError as error:
        raise Problem(422, "没有更正", "corrected: 与系统的判断相同", kind="unchanged", field="corrected") from error
    return CorrectionOut(id=number)


@router.get("")
def export(platform: PlatformDep, actor: StaffOrService, field: Annotated[CorrectedField, Query()]) -> StreamingResponse:
    """Return the corrections of one field as CSV with the columns text, label: training rows for ``jsjb learn``."""
    _allow(actor, EXPORTERS, "只有督办员和管理员可以导出更正记录")
    with platform.database.read() as session:
        lines = list(corrections.export(session, field))
    headers = {"Content-Disposition": f'attachment; filename="corrections-{field}.csv"', "Cache-Control": "no-store"}
    return StreamingResponse(iter(lines), media_type="text/csv; charset=utf-8", headers=headers)


def _allow(actor: Actor, roles: frozenset[Role], detail: str) -> None:
    if actor.role not in roles:
        raise Problem(403, "没有这个权限", detail, kind="forbidden")
