"""What the running system does by itself: which handler delivers what, and what is done every so often. One list of each."""

from __future__ import annotations

from dispatch.core.jobs import Periodic
from dispatch.core.live import LiveEvent
from dispatch.knowledge import jobs as knowledge
from dispatch.orders import timers
from dispatch.orders.push import order_body
from dispatch.outbox import delivering
from dispatch.outbox.delivering import Handler, Parcel
from dispatch.platform import Platform
from dispatch.webhooks.delivering import pusher


def show_notice(platform: Platform, parcel: Parcel) -> None:
    """Tell a unit's open pages of a notice; the row itself stays in their list of notices."""
    platform.live.publish(LiveEvent(f"unit:{parcel.target}", "notice", {"order": parcel.subject, "name": str(parcel.payload["name"])}))


HANDLERS: dict[str, Handler] = {
    "notice": show_notice,
    "webhook": pusher({"order": order_body}),
}
"""By the kind of a delivery."""

PERIODIC: list[Periodic] = [
    *knowledge.PERIODIC,
    Periodic("rescue-deliveries", "*/5 * * * *", delivering.rescue),
    Periodic("sweep-deadlines", "* * * * *", timers.sweep),
]
"""Cron in Beijing time."""
