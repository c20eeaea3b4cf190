"""Routes on conversations, for the assistant."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from channels.conversations import repository, service
from channels.desk import staffing
from dispatch.accounts.service_token import ServiceCaller
from dispatch.core.live import LiveEvent
from dispatch.core.problems import not_found
from dispatch.platform import PlatformDep

router = APIRouter(prefix="/api/v1/conversations/{conversation_id}", tags=["conversations"])


class HandoffIn(BaseModel):
    """Why a person is needed."""

    reason: Literal["asked_for_person", "bot_unsure", "abuse", "assistant_down", "stability_risk"]
    note: str | None = Field(default=None, max_length=500)


class HandoffOut(BaseModel):
    """Who holds the conversation now, and its place in the operators' queue."""

    holder: str
    position: int
    office_hours: bool
    """Whether operators are at their desks now, by the desk's settings; round the clock where nobody changed them (Art. 7: 全时段)."""


@router.post("/handoff")
def hand_off(platform: PlatformDep, _caller: ServiceCaller, conversation_id: str, body: HandoffIn) -> HandoffOut:
    """Put a conversation into the operators' queue and keep the bot silent until one of them has been there (转人工)."""
    with platform.database.write() as session:
        conversation = repository.by_id(session, conversation_id, lock=True)
        if conversation is None:
            raise not_found("会话", conversation_id)
        service.ask_attention(conversation, body.reason, now=platform.clock.now(), note=body.note, promise_person=True)
        session.flush()
        staffed = staffing.settings(session).open_at(platform.clock.now())
        out = HandoffOut(holder=conversation.holder, position=repository.position(session, conversation), office_hours=staffed)
    platform.live.publish(LiveEvent(f"conversation:{conversation_id}", "holder", {"id": conversation_id}))
    platform.live.publish(LiveEvent("desk", "queue", {"id": conversation_id}))
    return out
