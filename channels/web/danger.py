"""Danger written on a page (Art. 12(1)): the number to ring is shown at once, operators are alerted, whatever the page was for."""

from __future__ import annotations

from sqlalchemy.orm import Session

from channels import wording
from channels.conversations import service as conversations
from channels.conversations.service import Conversation
from channels.message import OutboundMessage
from dispatch.core.live import LiveEvent
from dispatch.emergencies import service as emergencies
from dispatch.orders import service as orders
from dispatch.orders.service import Order
from dispatch.platform import Platform
from nlu import contact as contact_reader
from nlu import emergency

_CHANNEL = "web"


def look(platform: Platform, order_number: str, *texts: str) -> OutboundMessage | None:
    """Return what somebody has to be told who writes of danger on the page of an order, None without danger.

    The whole text is kept and the order's conversation goes to the top of the operators' queue; an order without one gets one.
    """
    text = "\n".join(filter(None, (each.strip() for each in texts)))
    danger = emergency.detect(text) if text else None
    if danger is None:
        return None
    now = platform.clock.now()
    with platform.database.write() as session:
        order = orders.find(session, order_number)
        if order is not None:
            conversation = _conversation(session, platform, order)
            emergencies.record(session, conversation.id, danger, text, now=now, cipher=platform.cipher)
            note = f"{order_number} {danger.line}：{contact_reader.mask(danger.evidence)}"[:200]
            conversations.ask_attention(conversation, "emergency", now=now, note=note)
            platform.live.publish(LiveEvent("desk", "emergency", {"id": conversation.id}))
            platform.live.publish(LiveEvent("desk", "queue"))
    return wording.emergency(danger.line, danger.also)


def _conversation(session: Session, platform: Platform, order: Order) -> Conversation:
    found = conversations.find(session, order.conversation_id, lock=True) if order.conversation_id else None
    return found or conversations.open_conversation(
        session, _CHANNEL, f"page:{order.number}", now=platform.clock.now(), cipher=platform.cipher
    )
