"""Routes of what was said and how far it got, and of what couldn't be delivered."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from channels.conversations import service as conversations
from channels.delivery import service
from dispatch.accounts.callers import StaffOrService
from dispatch.core.problems import Problem, not_found
from dispatch.outbox.service import NotDeadError, UnknownDeliveryError
from dispatch.platform import PlatformDep

router = APIRouter(prefix="/api/v1", tags=["conversations"])


@router.get("/conversations/{conversation_id}/messages")
def list_messages(
    platform: PlatformDep,
    _who: StaffOrService,
    conversation_id: str,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[dict[str, Any]]:
    """What was said (masked), oldest first, and how far each message to the resident got: ``delivery`` and, by piece, ``parts``."""
    with platform.database.read() as session:
        if conversations.find(session, conversation_id) is None:
            raise not_found("会话", conversation_id)
        messages = conversations.messages(session, conversation_id, before=before, limit=limit)
        parts = service.parts_by_message(session, [message.id for message in messages])
    return [{**conversations.as_json(message), "parts": parts.get(message.id, [])} for message in messages]


@router.get("/undelivered-messages")
def list_undelivered(platform: PlatformDep, _who: StaffOrService, limit: Annotated[int, Query(ge=1, le=500)] = 100) -> list[dict[str, Any]]:
    """Messages to residents that were given up, or that the provider couldn't deliver, the latest first."""
    with platform.database.read() as session:
        return service.dead_letters(session, limit=limit)


@router.post("/undelivered-messages/{part_id}/retry", status_code=202)
def retry(platform: PlatformDep, _who: StaffOrService, part_id: Annotated[str, Path(pattern="^[0-9a-f]{32}$")]) -> dict[str, str]:
    """Send once more a message that was given up."""
    try:
        with platform.database.write() as session:
            service.retry(session, part_id, platform.clock.now())
    except UnknownDeliveryError:
        raise not_found("消息", part_id) from None
    except NotDeadError as error:
        raise Problem(409, "没有放弃", f"这条消息还在投递，或已送出（{error}）", kind="not-dead") from None
    return {"id": part_id, "state": "queued"}
