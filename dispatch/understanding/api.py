"""Routes on understanding."""

from __future__ import annotations

from fastapi import APIRouter

from dispatch.accounts.service_token import ServiceCaller
from dispatch.platform import PlatformDep
from dispatch.understanding.schemas import UnderstandIn, Understanding
from dispatch.understanding.service import understand

router = APIRouter(prefix="/api/v1/understand", tags=["understanding"])


@router.post("")
def understand_text(platform: PlatformDep, _caller: ServiceCaller, body: UnderstandIn) -> Understanding:
    """Read one message (for the assistant when the gateway sent no understanding along, and for trying out)."""
    return understand(body.text, platform.reference.current())
