"""Routes of files on orders; the files themselves are checked, cleaned and kept by ``dispatch.media``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, UploadFile
from sqlalchemy.orm import Session

from dispatch.accounts.callers import StaffOrService
from dispatch.core.problems import Problem, not_found
from dispatch.media import service as media
from dispatch.media.errors import MediaError
from dispatch.media.service import MediaFile
from dispatch.orders import service as orders
from dispatch.orders.schemas import TransitionIn
from dispatch.orders.service import Actor, Order
from dispatch.platform import Platform, PlatformDep

router = APIRouter(prefix="/api/v1/orders/{number}/attachments", tags=["orders"])

LARGEST = 50 * 2**20
"""Bytes of a file, at most."""

_STEP = "attach"


@router.get("")
def list_attachments(platform: PlatformDep, actor: StaffOrService, number: str) -> list[dict[str, Any]]:
    """The files of an order and of the conversation that it was filed in, by links that expire."""
    with platform.database.read() as session:
        files = of_order(session, _visible(session, number, actor))
    return [media.as_json(platform, each, now=platform.clock.now()) for each in files]


@router.post("", status_code=201)
def attach(platform: PlatformDep, actor: StaffOrService, number: str, file: UploadFile) -> dict[str, Any]:
    """Add a picture, video, recording or document to an order; who added it goes on record."""
    if file.size is None or file.size > LARGEST:
        raise Problem(413, "文件太大", f"file: 不能超过 {LARGEST // 2**20} MB", kind="media-too-large")
    _check(platform, number, actor)
    now = platform.clock.now()
    try:
        # Stored before the order is locked: decoding a picture takes a while.
        stored = media.store(
            platform, file.file.read(), owner=f"order:{number}", now=now, claimed_type=file.content_type, filename=file.filename
        )
    except MediaError as error:
        raise Problem(error.status, "文件没有收下", f"file: {error}", kind=error.kind) from error
    given = TransitionIn(reason=f"{stored.filename or '未命名'}（{stored.content_type}）")
    with platform.database.write() as session:
        orders.apply(session, number, _STEP, given, actor=actor, now=now, reference=platform.reference.current())
    return media.as_json(platform, stored, now=now)


def of_order(session: Session, order: Order) -> list[MediaFile]:
    """Return the files of ``order`` and of its conversation, oldest first."""
    owners = [f"order:{order.number}", *([f"conversation:{order.conversation_id}"] if order.conversation_id else [])]
    return sorted((each for owner in owners for each in media.find(session, owner)), key=lambda each: each.created_at)


def _visible(session: Session, number: str, actor: Actor) -> Order:
    order = orders.find(session, number)
    if order is None or not orders.may_see(session, order, actor):
        raise not_found("工单", number)
    return order


def _check(platform: Platform, number: str, actor: Actor) -> None:
    """Refuse before anything is stored what the table wouldn't allow afterwards."""
    with platform.database.read() as session:
        order = _visible(session, number, actor)
        steps = orders.steps(session, order, actor, now=platform.clock.now(), reference=platform.reference.current())
    if not any(row.name == _STEP for row in steps):
        raise Problem(409, "当前不能加附件", "这张工单现在不能由您添加附件", kind="illegal-transition", legal=[row.name for row in steps])
