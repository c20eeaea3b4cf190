"""Files of orders: what there is, and adding one on record. The files themselves are checked, cleaned and kept by ``dispatch.media``."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any

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
_ANSWERING = "answer"


class Whose(str, Enum):
    """Where a file of an order comes from, and so who sees it; residents see all but ``INTERNAL``, each on their own page only."""

    CONVERSATION = "conversation"
    """Sent in the conversation that the order was filed in."""
    RESIDENT = "resident"
    """Added by the resident, on the order's page or through the app that filed it."""
    ANSWER = "answer"
    """Given to the resident with the answer."""
    INTERNAL = "order"
    """Added by staff, for staff."""


class NotAllowedError(Exception):
    """The actor can't add a file to the order now; ``legal`` lists what they can do."""

    def __init__(self, legal: tuple[str, ...], text: str = "这张工单现在不能由您添加附件") -> None:
        super().__init__(text)
        self.legal = legal


def owner(whose: Whose, number: str) -> str:
    """Return as whose ``dispatch.media`` keeps such a file of order (or conversation) ``number``."""
    return f"{whose.value}:{number}"


def whose(file: MediaFile) -> Whose:
    """Return where a file of an order comes from."""
    return Whose(file.owner.partition(":")[0])


def add(
    platform: Platform,
    actor: Actor,
    number: str,
    data: bytes,
    *,
    claimed_type: str | None = None,
    filename: str | None = None,
    for_resident: bool = False,
) -> MediaFile | None:
    """Keep a file for order ``number`` and put on record who added it; None if there is no such order that ``actor`` may see.

    Call it outside any transaction: a picture is decoded and stored before the order is locked.

    Args:
        for_resident: the resident gets it with the answer; only for those who may answer now.

    Raises:
        NotAllowedError: the table doesn't allow it now; nothing was stored. MediaError: the file is refused, and why.
    """
    now, reference = platform.clock.now(), platform.reference.current()
    with platform.database.read() as session:
        order = orders.visible(session, number, actor)
        if order is None:
            return None
        steps = orders.steps(session, order, actor, now=now, reference=reference)
    names = tuple(row.name for row in steps)
    if _STEP not in names:
        raise NotAllowedError(names)
    if for_resident and _ANSWERING not in names:
        raise NotAllowedError(names, "只有现在可以答复的单位能把附件给诉求人看")
    keeper = owner(Whose.ANSWER if for_resident else Whose.INTERNAL, number)
    stored = media.store(platform, data, owner=keeper, now=now, claimed_type=claimed_type, filename=filename)
    shared = "，随答复给诉求人" if for_resident else ""
    given = TransitionIn(reason=f"{stored.filename or '未命名'}（{stored.content_type}{shared}）")
    with platform.database.write() as session:
        orders.apply(session, number, _STEP, given, actor=actor, now=now, reference=reference)
    return stored


def of_order(session: Session, order: Order) -> list[MediaFile]:
    """Return the files of ``order`` and of its conversation, oldest first: for staff."""
    return _of(session, order, *Whose)


def from_resident(session: Session, order: Order) -> list[MediaFile]:
    """Return what the resident themselves gave, oldest first."""
    return _of(session, order, Whose.CONVERSATION, Whose.RESIDENT)


def with_answer(session: Session, order: Order) -> list[MediaFile]:
    """Return what the resident was given with the answer, oldest first."""
    return _of(session, order, Whose.ANSWER)


def as_json(platform: Platform, file: MediaFile, *, now: datetime) -> dict[str, Any]:
    """Return a file as staff see it: by a link that expires, with where it comes from."""
    return {**media.as_json(platform, file, now=now), "whose": whose(file).value}


def _of(session: Session, order: Order, *kinds: Whose) -> list[MediaFile]:
    names = {kind: order.conversation_id if kind is Whose.CONVERSATION else order.number for kind in kinds}
    found = [file for kind, name in names.items() if name for file in media.find(session, owner(kind, name))]
    return sorted(found, key=lambda file: file.created_at)
