"""Routes on drafts, for the assistant."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header

from dispatch.accounts.service_token import ServiceCaller
from dispatch.citizens import service as citizens
from dispatch.core.problems import Problem, not_found
from dispatch.drafts import service
from dispatch.drafts.schemas import DraftIn, DraftOut
from dispatch.orders import service as orders
from dispatch.orders.schemas import FiledOut, ProgressOut
from dispatch.platform import PlatformDep

router = APIRouter(prefix="/api/v1/conversations/{conversation_id}", tags=["drafts"])


@router.get("/draft")
def get_draft(platform: PlatformDep, _caller: ServiceCaller, conversation_id: str) -> DraftOut:
    """Return the draft order of a conversation."""
    with platform.database.read() as session:
        draft = service.find(session, conversation_id)
        if draft is None:
            raise not_found("草稿", conversation_id)
        return service.draft_out(draft, platform.reference.current(), platform.cipher)


@router.put("/draft")
def put_draft(platform: PlatformDep, _caller: ServiceCaller, conversation_id: str, body: DraftIn) -> DraftOut:
    """Write the draft order of a conversation; the contact on file stays."""
    reference = platform.reference.current()
    if body.matter_code is not None and reference.catalogue.find(body.matter_code) is None:
        raise Problem(422, "没有这个事项", f"matter_code: 派单目录里没有“{body.matter_code}”", kind="unknown-matter", field="matter_code")
    with platform.database.write() as session:
        draft = service.save(session, conversation_id, body, now=platform.clock.now())
        return service.draft_out(draft, reference, platform.cipher)


@router.delete("/draft", status_code=204)
def delete_draft(platform: PlatformDep, _caller: ServiceCaller, conversation_id: str) -> None:
    """Forget the draft order of a conversation."""
    with platform.database.write() as session:
        service.discard(session, conversation_id, platform.clock.now())


@router.post("/orders", status_code=201)
def file_draft(
    platform: PlatformDep,
    caller: ServiceCaller,
    conversation_id: str,
    idempotency_key: Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=60)],
    x_channel: Annotated[str, Header(max_length=16)] = "web",
) -> FiledOut:
    """Make an order of the draft (Art. 11) and dispatch it; the same key returns the same order."""
    reference = platform.reference.current()
    with platform.database.write() as session:
        order = service.file(
            session,
            conversation_id,
            channel=x_channel,
            actor=caller,
            idempotency_key=idempotency_key,
            now=platform.clock.now(),
            reference=reference,
            cipher=platform.cipher,
        )
        if order is None:
            raise Problem(409, "还没有可提交的内容", "草稿是空的：请先说明诉求事项", kind="empty-draft")
        return orders.filed_out(session, order, reference, citizens.order_address(platform, order.number, order.channel))


@router.get("/orders")
def list_orders(platform: PlatformDep, _caller: ServiceCaller, conversation_id: str) -> list[ProgressOut]:
    """Return the orders filed in a conversation, newest first."""
    reference = platform.reference.current()
    with platform.database.read() as session:
        return [orders.progress_out(session, order, reference) for order in orders.of_conversation(session, conversation_id)]
