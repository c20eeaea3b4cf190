"""Runaway and abusive senders (Art. 12(6), 30): persuaded, then told of the consequences, then limited for a while.

What a limited sender writes is still kept, and danger is still answered: the inbox looks for it before it asks here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from channels.inbox.models import Sender

WINDOW = timedelta(minutes=5)
MESSAGES_IN_WINDOW = 30
LIMITED_FOR = timedelta(minutes=30)
FORGIVEN_AFTER = timedelta(days=1)

_STEPS: tuple[Literal["persuade", "warn", "limit"], ...] = ("persuade", "persuade", "warn", "limit")

Verdict = Literal["fine", "persuade", "warn", "limit", "silent"]


def judge(session: Session, channel: str, address_lookup: str, now: datetime, *, abusive: bool) -> Verdict:
    """Count a message of a sender and return what to do with it.

    ``fine``: handle it as ever. ``persuade``, ``warn``: say so instead. ``limit``: say that from now on nothing is answered for
    ``LIMITED_FOR``. ``silent``: it is limited already. A day without a strike clears the record.
    """
    sender = session.get(Sender, (channel, address_lookup), with_for_update=True)
    if sender is None:
        sender = Sender(channel=channel, address_lookup=address_lookup, window_started_at=now, messages=0, strikes=0)
        session.add(sender)
    if sender.limited_until is not None and now < sender.limited_until:
        return "silent"
    if sender.last_strike_at is not None and now - sender.last_strike_at >= FORGIVEN_AFTER:
        sender.strikes, sender.last_strike_at, sender.limited_until = 0, None, None
    if now - sender.window_started_at >= WINDOW:
        sender.window_started_at, sender.messages = now, 0
    sender.messages += 1
    runaway = sender.messages > MESSAGES_IN_WINDOW
    if not (runaway or abusive):
        return "fine"
    if runaway:
        sender.messages = MESSAGES_IN_WINDOW * 2 // 3  # some more before the next step, so that the words can work
    sender.strikes += 1
    sender.last_strike_at = now
    step = _STEPS[min(sender.strikes, len(_STEPS)) - 1]
    if step == "limit":
        sender.limited_until = now + LIMITED_FOR
    # Abuse is first met by the assistant, which calms in words that fit what was said.
    return "fine" if step == "persuade" and not runaway else step
