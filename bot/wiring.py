"""What is told of every step of an order without orders knowing it."""

from __future__ import annotations

import channels.conversations.retention
import channels.delivery.retention
import channels.open311.retention
import channels.transcripts.retention
import dispatch.callbacks.retention
import dispatch.drafts.retention
import dispatch.emergencies.retention
import dispatch.media.retention
import dispatch.orders.retention
from channels.attachments import service as attachments
from channels.conversations import service as conversations
from channels.delivery import service as delivery
from dispatch.callbacks.flows import on_order_event
from dispatch.insight import risk
from dispatch.orders import flows


def connect() -> None:
    """Connect the capabilities; doing it again changes nothing."""
    flows.LISTENERS[:] = [on_order_event]
    flows.FILED[:] = [risk.on_filed]
    conversations.ON_SAID[:] = [delivery.queue]
    conversations.ON_FILES[:] = [attachments.queue]
    dispatch.orders.retention.ON_ANONYMISED[:] = [
        dispatch.callbacks.retention.on_order_anonymised,
        dispatch.media.retention.on_order_anonymised,
        channels.open311.retention.on_order_anonymised,
    ]
    channels.conversations.retention.ON_ERASED[:] = [
        dispatch.drafts.retention.on_conversation_erased,
        dispatch.emergencies.retention.on_conversation_erased,
        dispatch.media.retention.on_conversation_erased,
        channels.delivery.retention.on_conversation_erased,
        channels.transcripts.retention.on_conversation_erased,
    ]
