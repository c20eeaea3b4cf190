"""What the running system does by itself: which handler delivers what, and what is done every so often. One list of each."""

from __future__ import annotations

from bot.retention import keep_to_period
from channels.attachments import service as attachments
from channels.delivery import service as delivery
from channels.delivery import surveys
from channels.desk import staffing
from dispatch.accounts import lookups
from dispatch.bulk import service as bulk
from dispatch.callbacks import service as callbacks
from dispatch.callbacks.push import callback_body
from dispatch.core import idempotency
from dispatch.core.jobs import Periodic
from dispatch.core.live import LiveEvent
from dispatch.evaluation.push import evaluation_body, push_finished_month
from dispatch.insight import jobs as insight
from dispatch.knowledge import jobs as knowledge
from dispatch.media import jobs as media
from dispatch.media import service as media_service
from dispatch.orders import timers
from dispatch.orders.push import order_body
from dispatch.outbox import delivering
from dispatch.outbox.delivering import Handler, Parcel
from dispatch.platform import Platform
from dispatch.statistics import service as statistics
from dispatch.webhooks.delivering import pusher


def show_notice(platform: Platform, parcel: Parcel) -> None:
    """Tell a unit's open pages of a notice; the row itself stays in their list of notices."""
    platform.live.publish(LiveEvent(f"unit:{parcel.target}", "notice", {"order": parcel.subject, "name": str(parcel.payload["name"])}))


def ask_residents(platform: Platform) -> int:
    """Make the callbacks that are due; return how many."""
    count = 0
    while True:
        with platform.database.write() as session:
            done = callbacks.sweep(session, now=platform.clock.now(), reference=platform.reference.current())
        count += done
        if not done:
            return count


def count_orders(platform: Platform) -> int:
    """Bring statistics up to date; return how many days were counted anew."""
    return statistics.refresh(platform.database, platform.clock.now())


def forget_old(platform: Platform) -> None:
    """Forget idempotency keys and counted tries of more than a day ago."""
    now = platform.clock.now()
    idempotency.forget_old(platform.database, now)
    with platform.database.write() as session:
        lookups.forget_old(session, now)


HANDLERS: dict[str, Handler] = {
    bulk.KIND: bulk.work_off,
    attachments.KIND: attachments.fetch,
    media_service.FETCH: media.fetch_file,
    media_service.OCR: media.read_picture,
    media_service.REMOVE: media.remove_file,
    "message": delivery.deliver,
    "notice": show_notice,
    "resident": delivery.tell,
    callbacks.KIND: surveys.ask,
    "webhook": pusher({"order": order_body, "callback": callback_body, "evaluation": evaluation_body}),
}
"""By the kind of a delivery."""

PERIODIC: list[Periodic] = [
    Periodic("forget-old-keys", "47 * * * *", forget_old),
    *insight.PERIODIC,
    *knowledge.PERIODIC,
    Periodic("ask-residents", "*/2 * * * *", ask_residents),
    Periodic("tend-desk", "*/10 * * * * *", staffing.tend),
    Periodic("push-finished-month", "30 12 * * *", push_finished_month),
    Periodic("keep-to-period", "20 2 * * *", keep_to_period),
    Periodic("rescue-deliveries", "*/5 * * * *", delivering.rescue),
    Periodic("count-orders", "*/5 * * * *", count_orders),
    Periodic("sweep-deadlines", "* * * * *", timers.sweep),
]
"""Cron in Beijing time."""
