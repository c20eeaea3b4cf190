"""What providers report of messages that were sent."""

from __future__ import annotations

from channels.delivery import states
from dispatch.core.live import LiveEvent
from dispatch.platform import Platform


def take(platform: Platform, part_id: str, state: str, *, provider_id: str | None = None, error: str | None = None) -> None:
    """Take in what a provider reports of a piece that was sent; reports in any order, and about nothing, do no harm."""
    with platform.database.write() as session:
        conversation_id = states.advance(session, part_id, state, now=platform.clock.now(), provider_id=provider_id, error=error)
    announce(platform, conversation_id)


def announce(platform: Platform, conversation_id: str | None) -> None:
    """Let open pages show the new state of a message of a conversation."""
    if conversation_id is not None:
        platform.live.publish(LiveEvent(f"conversation:{conversation_id}", "delivery", {"id": conversation_id}))
