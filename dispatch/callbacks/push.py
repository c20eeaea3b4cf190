"""What is pushed to a unit about a callback (Art. 7)."""

from __future__ import annotations

from typing import Any

from dispatch.callbacks import service
from dispatch.platform import Platform


def callback_body(platform: Platform, _unit_code: str, number: str, sequence: int) -> dict[str, Any] | None:
    """Return the result of callback ``sequence`` (its id) about order ``number``; None if there is none such."""
    with platform.database.read() as session:
        callback = service.find(session, sequence)
    if callback is None or callback.order_number != number or callback.counted_at is None:
        return None
    return {
        "order_number": number,
        "round": callback.round,
        "contacted": callback.contacted,
        "resolved": callback.resolved,
        "satisfied": callback.satisfied,
        "reason": callback.reason,
        "answered_at": callback.counted_at.isoformat(),
        "excluded": callback.excluded is not None,
    }
