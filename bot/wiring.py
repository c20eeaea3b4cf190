"""What is told of every step of an order without orders knowing it."""

from __future__ import annotations

from dispatch.callbacks.flows import on_order_event
from dispatch.orders import flows


def connect() -> None:
    """Connect the capabilities; doing it again changes nothing."""
    flows.LISTENERS[:] = [on_order_event]
