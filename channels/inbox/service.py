"""From an inbound message to its replies.

An inbound message is stored, then acknowledged, then handled: danger first and without Rasa (Art. 12(1)), then whoever holds
the conversation, then the assistant. Messages of one conversation are handled one after the other. What a crash leaves
unhandled is found again by its row (``left_unanswered``, ``recover``).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from anyio import to_thread
from prometheus_client import Counter, Histogram

from channels import wording
from channels.assistant.client import Assistant, AssistantDownError
from channels.conversations import service as conversations
from channels.conversations.service import Conversation, Received
from channels.inbox import limits
from channels.message import Button, InboundMessage, OutboundMessage
from dispatch.callbacks import service as callbacks
from dispatch.core.live import LiveEvent
from dispatch.drafts import service as drafts
from dispatch.emergencies import service as emergencies
from dispatch.platform import Platform
from dispatch.understanding.service import understand
from nlu import contact as contact_reader
from nlu import emergency
from nlu.place import Place
from nlu.text import normalise

_log = structlog.get_logger(__name__)

# Counts and times only: never who wrote, or what.
_MESSAGES = Counter("jsjb_inbound_messages", "Messages received, repeats left out", ["channel"])
_ENDS = Counter("jsjb_turns", "How a message was answered", ["by"])
_SECONDS = Histogram("jsjb_turn_seconds", "From stored to answered", buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10))

_WAITING_NOTICE_EVERY = timedelta(minutes=5)
_NO_MORE_WAITING = ("不等了", "继续由智能客服", "不用人工了", "让机器人")


@dataclass(frozen=True, slots=True)
class _Turn:
    """What to send to the assistant."""

    conversation_id: str
    text: str
    metadata: dict[str, Any]


class Inbox:
    """The gateway of one platform process."""

    def __init__(self, platform: Platform, assistant: Assistant) -> None:
        self._platform = platform
        self._assistant = assistant
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}
        self._working: set[asyncio.Task[None]] = set()
        self._by_message: dict[int, asyncio.Task[None]] = {}
        self.album_seconds = 1.0
        """How long the pieces of an album are waited for."""

    async def receive(self, inbound: InboundMessage) -> Received:
        """Store ``inbound`` and handle it; returns when the replies are stored. A repeated delivery is answered once only."""
        received = await self.store(inbound)
        if not received.handled:
            await self.handle(received)
        return received

    async def accept(self, inbound: InboundMessage) -> Received:
        """Store ``inbound`` and return at once; it is handled in the background, after a crash by ``recover``."""
        received = await self.store(inbound)
        if not received.handled:
            self.handle_soon(received, after=self.album_seconds if inbound.group else 0)
        return received

    def handle_soon(self, received: Received, *, after: float = 0) -> asyncio.Task[None]:
        """Handle a stored message in the background, in ``after`` seconds."""

        async def work() -> None:
            if after:
                await asyncio.sleep(after)
            await self.handle(received)

        task = asyncio.create_task(work())
        self._working.add(task)
        self._by_message[received.message_id] = task
        task.add_done_callback(lambda _: self._by_message.pop(received.message_id, None))
        task.add_done_callback(self._done)
        return task

    async def answered(self, message_id: int, seconds: float) -> bool:
        """Wait at most ``seconds`` for a message to be answered; return whether it is."""
        task = self._by_message.get(message_id)
        if task is not None:
            await asyncio.wait({task}, timeout=seconds)

        def work() -> bool:
            with self._platform.database.read() as session:
                message = conversations.message(session, message_id)
                return message is None or message.handled

        return await to_thread.run_sync(work)

    async def settle(self) -> None:
        """Wait until everything that is being handled in the background is."""
        while self._working:
            await asyncio.wait(set(self._working))

    async def stop(self) -> None:
        """Stop handling in the background; what isn't answered yet is at the next start."""
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._working.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("message_not_handled", error=type(error).__name__)  # its row says so; the next start tries again

    async def store(self, inbound: InboundMessage) -> Received:
        """Store ``inbound``; from here on it can't be lost."""

        def work() -> Received:
            with self._platform.database.write() as session:
                return conversations.store(session, inbound, now=self._platform.clock.now(), cipher=self._platform.cipher)

        received = await to_thread.run_sync(work)
        if not received.repeated:
            _MESSAGES.labels(inbound.channel).inc()
        self._announce(received.conversation_id)
        if received.operator:
            self._platform.live.publish(LiveEvent(f"operator:{received.operator}", "message", {"id": received.conversation_id}))
        if received.queued:
            self._announce_queue()
        return received

    async def handle(self, received: Received) -> None:
        """Answer a stored message, after those that came before it in the same conversation."""
        async with self._in_turn(received.conversation_id):
            with _SECONDS.time():
                turn = await to_thread.run_sync(self._prepare, received.message_id)
                if turn is not None:
                    await self._ask_assistant(received.message_id, turn)
        self._announce(received.conversation_id)

    async def left_unanswered(self) -> list[Received]:
        """Return what an earlier process stored but didn't answer, oldest first.

        To be asked before this process takes messages: later the answer would hold its own, such as half an album.
        """

        def work() -> list[Received]:
            with self._platform.database.read() as session:
                return conversations.unanswered(session)

        return await to_thread.run_sync(work)

    async def recover(self, left: list[Received]) -> None:
        """Answer the messages in ``left``, one after the other; what has been answered meanwhile is passed over."""
        for received in left:
            await self.handle(received)

    def _prepare(self, message_id: int) -> _Turn | None:
        """Read the message and answer it if the gateway itself can; otherwise return what the assistant must be asked."""
        platform = self._platform
        now = platform.clock.now()
        with platform.database.read() as session:
            message = conversations.message(session, message_id)
            if message is None or message.handled:
                return None
            text = conversations.full_text(message, platform.cipher)
            draft = drafts.find(session, message.conversation_id)
            near = Place(draft.district, draft.street, draft.community, None, 1.0, (), ()) if draft and draft.district else None
        danger = emergency.detect(text)
        understanding = understand(text, platform.reference.current(), near=near)
        told = contact_reader.find(text)
        with platform.database.write() as session:
            message = conversations.message(session, message_id)
            conversation = conversations.find(session, message.conversation_id, lock=True) if message else None
            if message is None or conversation is None or message.handled:
                return None
            message.understanding = understanding.model_dump(mode="json")
            if told.phone or told.name:
                drafts.note_contact(session, conversation.id, phone=told.phone, name=told.name, now=now, cipher=platform.cipher)
            if danger:
                emergencies.record(session, conversation.id, danger, text, now=now, cipher=platform.cipher)
                conversations.ask_attention(
                    conversation, "emergency", now=now, note=f"{danger.line}：{contact_reader.mask(danger.evidence)}"[:200]
                )
                replies = [wording.emergency(danger.line, danger.also)]
            else:
                verdict = self._judge(session, conversation, understanding.handling == "educate", now)
                if understanding.stability_risk:
                    conversations.ask_attention(conversation, "stability_risk", now=now)
                own = (
                    self._own_reply(session, conversation, text, message.content or {}, now)
                    if verdict == "fine"
                    else wording.TOO_MUCH.get(verdict, [])
                )
                if own is None:
                    current = drafts.find(session, conversation.id)
                    shown = drafts.draft_out(current, platform.reference.current(), platform.cipher) if current else None
                    return _Turn(
                        conversation.id,
                        message.text,
                        {
                            "channel": conversation.channel,
                            "understanding": message.understanding,
                            "contact": {
                                "phone": contact_reader.mask_phone(told.phone) if told.phone else None,
                                "name": contact_reader.mask_name(told.name) if told.name else None,
                            },
                            "order_numbers": contact_reader.order_numbers(text),
                            "draft": shown.model_dump(mode="json") if shown else None,
                        },
                    )
                replies = own
            conversations.say(session, conversation, replies, now=now, author="system", reply_to=message.id)
            message.handled = True
        _ENDS.labels("emergency" if danger else "gateway").inc()
        if danger:
            platform.live.publish(LiveEvent("desk", "emergency", {"id": conversation.id}))
        if danger or understanding.stability_risk:
            self._announce_queue()
        return None

    def _judge(self, session: Any, conversation: Conversation, abusive: bool, now: Any) -> limits.Verdict:
        """Say whether the sender has to be slowed down (Art. 12(6), 30); who talks with an operator isn't."""
        if conversation.holder == "operator":
            return "fine"
        return limits.judge(session, conversation.channel, conversation.address_lookup, now, abusive=abusive)

    def _own_reply(
        self, session: Any, conversation: Conversation, text: str, content: dict[str, Any], now: Any
    ) -> list[OutboundMessage] | None:
        """Return what the gateway itself answers (perhaps nothing at all), or None where the assistant is to answer."""
        if conversation.holder == "operator":
            return []
        if conversation.holder == "waiting":
            if any(phrase in text for phrase in _NO_MORE_WAITING):
                conversations.back_to_bot(conversation)
                return [wording.BACK_TO_BOT]
            notice = conversations.last_notice(session, conversation.id, "waiting")
            if notice is not None and now - notice.created_at < _WAITING_NOTICE_EVERY:
                return []
            return [OutboundMessage(wording.WAITING.text, wording.WAITING.buttons, {"kind": "waiting"})]
        if not normalise(text):
            kinds = [each["kind"] for each in content.get("attachments", [])]
            return [wording.attachments_kept(kinds) if kinds else wording.EMPTY]
        mid_filing = drafts.find(session, conversation.id) is not None
        reference = self._platform.reference.current()
        heard = callbacks.hear(session, conversation.id, text, now=now, reference=reference, mid_filing=mid_filing)
        return [OutboundMessage(heard.text, tuple(Button(each, each) for each in heard.buttons))] if heard else None

    async def _ask_assistant(self, message_id: int, turn: _Turn) -> None:
        try:
            replies = await self._assistant.turn(turn.conversation_id, turn.text, turn.metadata)
            down = False
        except AssistantDownError:
            replies, down = [wording.ASSISTANT_DOWN], True

        def work() -> None:
            now = self._platform.clock.now()
            with self._platform.database.write() as session:
                message = conversations.message(session, message_id)
                conversation = conversations.find(session, turn.conversation_id, lock=True)
                if message is None or conversation is None:
                    return
                if down:
                    conversations.ask_attention(conversation, "assistant_down", now=now)
                # An operator may have taken over while the assistant was thinking: then its words are not said any more.
                if conversation.holder != "operator":
                    conversations.say(session, conversation, replies, now=now, author="system" if down else None, reply_to=message.id)
                message.handled = True

        await to_thread.run_sync(work)
        _ENDS.labels("nobody" if down else "assistant").inc()
        if down:
            self._announce_queue()

    @asynccontextmanager
    async def _in_turn(self, conversation_id: str) -> AsyncIterator[None]:
        lock, users = self._locks.get(conversation_id, (asyncio.Lock(), 0))
        self._locks[conversation_id] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks[conversation_id]
            if users == 1:
                del self._locks[conversation_id]
            else:
                self._locks[conversation_id] = (lock, users - 1)

    def _announce(self, conversation_id: str) -> None:
        self._platform.live.publish(LiveEvent(f"conversation:{conversation_id}", "message", {"id": conversation_id}))

    def _announce_queue(self) -> None:
        self._platform.live.publish(LiveEvent("desk", "queue"))
