"""Files of orders: what there is, and adding one on record. The files themselves are checked, cleaned and kept by ``dispatch.media``."""

from __future__ import annotations

from sqlalchemy.orm import Session

from dispatch.media import service as media
from dispatch.media.service import MediaError as MediaError
from dispatch.media.service import MediaFile
from dispatch.orders import service as orders
from dispatch.orders.schemas import TransitionIn
from dispatch.orders.service import Actor, Order
from dispatch.platform import Platform

LARGEST = 50 * 2**20
"""Bytes of a file, at most."""

_STEP = "attach"


class NotAllowedError(Exception):
    """The actor can't add a file to the order now; ``legal`` lists what they can do."""

    def __init__(self, legal: tuple[str, ...]) -> None:
        super().__init__("这张工单现在不能由您添加附件")
        self.legal = legal


def add(
    platform: Platform, actor: Actor, number: str, data: bytes, *, claimed_type: str | None = None, filename: str | None = None
) -> MediaFile | None:
    """Keep a file for order ``number`` and put on record who added it; None if there is no such order that ``actor`` may see.

    Call it outside any transaction: a picture is decoded and stored before the order is locked.

    Raises:
        NotAllowedError: the table doesn't allow it now; nothing was stored. MediaError: the file is refused, and why.
    """
    now, reference = platform.clock.now(), platform.reference.current()
    with platform.database.read() as session:
        order = orders.visible(session, number, actor)
        if order is None:
            return None
        steps = orders.steps(session, order, actor, now=now, reference=reference)
    if not any(row.name == _STEP for row in steps):
        raise NotAllowedError(tuple(row.name for row in steps))
    stored = media.store(platform, data, owner=f"order:{number}", now=now, claimed_type=claimed_type, filename=filename)
    given = TransitionIn(reason=f"{stored.filename or '未命名'}（{stored.content_type}）")
    with platform.database.write() as session:
        orders.apply(session, number, _STEP, given, actor=actor, now=now, reference=reference)
    return stored


def of_order(session: Session, order: Order) -> list[MediaFile]:
    """Return the files of ``order`` and of its conversation, oldest first."""
    owners = [f"order:{order.number}", *([f"conversation:{order.conversation_id}"] if order.conversation_id else [])]
    return sorted((each for owner in owners for each in media.find(session, owner)), key=lambda each: each.created_at)
