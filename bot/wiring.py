"""What is told of every step of an order without orders knowing it."""

from __future__ import annotations

from channels.conversations import service as conversations
from channels.delivery import service as delivery
from dispatch.callbacks.flows import on_order_event
from dispatch.orders import flows


def connect() -> None:
    """Connect the capabilities; doing it again changes nothing."""
    flows.LISTENERS[:] = [on_order_event]
    conversations.ON_SAID[:] = [delivery.queue]
