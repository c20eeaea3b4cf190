"""Routes on the catalogue (派单目录): reading it, its versions, publishing a new one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from dispatch.accounts.callers import StaffOrService
from dispatch.catalogue import service
from dispatch.catalogue.loader import CatalogueItemsError
from dispatch.catalogue.schemas import CatalogueOut, DiffOut, PublishIn, VersionOut
from dispatch.catalogue.service import NoSuchVersionError, OutdatedBaseError, UnchangedError
from dispatch.core.problems import Problem, not_found
from dispatch.orders.workflow import Role
from dispatch.platform import PlatformDep

router = APIRouter(prefix="/api/v1/catalogue", tags=["catalogue"])

PUBLISHERS = frozenset({Role.DISPATCHER, Role.ADMINISTRATOR})

VersionNumber = Annotated[int, Path(ge=1, le=2**31 - 1)]
GivenVersion = Annotated[int, Query(ge=1, le=2**31 - 1)]
Word = Annotated[str, Query(max_length=100)]


@router.get("")
def get_catalogue(
    platform: PlatformDep,
    _actor: StaffOrService,
    q: Word = "",
    group: Word | None = None,
    kind: Word | None = None,
    unit: Word | None = None,
    time_limit: Word | None = None,
) -> CatalogueOut:
    """Return the version in force, optionally only the items that have all words of ``q`` and fit the rest."""
    with platform.database.read() as session:
        number = service.version_in_force(session)
        items = service.search(service.items_of(session, number), words=q, group=group, kind=kind, unit=unit, time_limit=time_limit)
        return CatalogueOut(version=service.version_out(session, number), items=items)


@router.get("/versions")
def list_versions(platform: PlatformDep, _actor: StaffOrService) -> list[VersionOut]:
    """Return every version, newest first."""
    with platform.database.read() as session:
        return service.versions(session)


@router.get("/versions/{number}")
def get_version(platform: PlatformDep, _actor: StaffOrService, number: VersionNumber) -> CatalogueOut:
    """Return one version whole: what an order that names it was dispatched by."""
    with platform.database.read() as session:
        try:
            return CatalogueOut(version=service.version_out(session, number), items=service.items_of(session, number))
        except NoSuchVersionError as error:
            raise not_found("派单目录版本", str(number)) from error


@router.get("/diff")
def get_diff(platform: PlatformDep, _actor: StaffOrService, before: GivenVersion, after: GivenVersion) -> DiffOut:
    """Return what one version says differently from another."""
    with platform.database.read() as session:
        try:
            changes = service.diff(service.items_of(session, before), service.items_of(session, after))
        except NoSuchVersionError as error:
            raise not_found("派单目录版本", str(error)) from error
    return DiffOut(before=before, after=after, changes=changes)


@router.post("/versions", status_code=201)
def publish(platform: PlatformDep, actor: StaffOrService, body: PublishIn) -> VersionOut:
    """Put a new version in force: every process takes it up within two seconds, orders keep the one they were dispatched by."""
    if actor.role not in PUBLISHERS:
        raise Problem(403, "没有这个权限", "只有派单员和管理员可以发布派单目录", kind="forbidden")
    units = platform.reference.current().units
    with platform.database.write() as session:
        try:
            number = service.publish_edition(session, body, units=units, by=actor.name, at=platform.clock.now())
        except NoSuchVersionError as error:
            raise not_found("派单目录版本", str(error)) from error
        except OutdatedBaseError as error:
            detail = f"base: 您改的是第 {error.base} 版，现在生效的是第 {error.in_force} 版；请在新版上重做修改"
            raise Problem(409, "派单目录已有新版本", detail, kind="version-conflict", in_force=error.in_force) from error
        except UnchangedError as error:
            raise Problem(422, "没有改动", "提交的内容与现行版本完全相同", kind="unchanged") from error
        except CatalogueItemsError as error:
            wrong = [{"item": each.item, "field": each.field, "message": each.message} for each in error.items]
            detail = "；".join(error.problems[:20])
            raise Problem(422, "派单目录有误", detail, kind="invalid-catalogue", errors=wrong) from error
        return service.version_out(session, number)
