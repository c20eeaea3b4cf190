"""What is pushed to a unit about an order (Art. 7): the whole order as it stands, and the event that caused the push."""

from __future__ import annotations

from typing import Any

from dispatch.orders import service
from dispatch.platform import Platform


def order_body(platform: Platform, unit_code: str, number: str, sequence: int) -> dict[str, Any] | None:
    """Return order ``number`` with its event ``sequence`` for ``unit_code``; None if there is none such.

    The unit in charge gets the resident's phone and name, which it needs to call them (Art. 17(1)); others get them masked.
    """
    with platform.database.read() as session:
        order = service.find(session, number)
        if order is None:
            return None
        events = [event for event in service.events_out(session, order) if event.sequence == sequence]
        if not events:
            return None
        now, reference = platform.clock.now(), platform.reference.current()
        whole = service.order_out(session, order, reference, platform.cipher, now).model_dump(mode="json")
        if unit_code == order.unit_code and not order.anonymous:
            whole["contact"]["phone"] = platform.cipher.decrypt(order.contact_phone)
            whole["contact"]["name"] = platform.cipher.decrypt(order.contact_name)
        return {"order": whole, "event": events[0].model_dump(mode="json")}
