"""Route of bulk intake."""

from __future__ import annotations

from fastapi import APIRouter

from dispatch.accounts.callers import StaffOrService
from dispatch.core.problems import Problem
from dispatch.intake import service
from dispatch.intake.schemas import RowsIn, RowsOut
from dispatch.orders.workflow import Role
from dispatch.platform import PlatformDep

router = APIRouter(prefix="/api/v1/intake", tags=["批量受理"])

_IMPORTERS = frozenset({Role.BOT, Role.SYSTEM, Role.DISPATCHER, Role.SUPERVISOR, Role.ADMINISTRATOR})


@router.post("/rows")
def take_in(platform: PlatformDep, actor: StaffOrService, given: RowsIn) -> RowsOut:
    """File an order for each row; rows that can't be taken in are reported and hold nothing up."""
    if actor.role not in _IMPORTERS:
        raise Problem(403, "没有权限", "批量受理由派单员、督办员和管理员进行", kind="forbidden")
    return RowsOut(rows=service.take_in(platform, given.rows, by=actor.name))
