"""What isn't kept for ever, in the order in which it goes: orders first, because conversations wait for theirs."""

from __future__ import annotations

from datetime import timedelta

import structlog

from channels.conversations.retention import CONVERSATIONS
from channels.inbox.retention import SENDERS
from dispatch.bulk.retention import BULK
from dispatch.core import retention
from dispatch.core.retention import Erasure
from dispatch.knowledge.retention import GAPS, QUESTIONS
from dispatch.orders.retention import ORDERS
from dispatch.outbox.retention import DELIVERIES
from dispatch.platform import Platform
from dispatch.understanding.retention import CORRECTIONS

ERASURES: list[Erasure] = [ORDERS, CONVERSATIONS, QUESTIONS, GAPS, CORRECTIONS, BULK, DELIVERIES, SENDERS]

_log = structlog.get_logger(__name__)


def keep_to_period(platform: Platform) -> None:
    """Erase what is older than the city keeps it (``JSJB_RETENTION_DAYS``); nothing where no period is set."""
    days = platform.settings.retention_days
    if days is None:
        return
    for name, count in retention.run(platform, ERASURES, platform.clock.now() - timedelta(days=days)):
        _log.info("erased", what=name, count=count)
