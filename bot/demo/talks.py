"""Conversations of the demo: people who wait for an operator, one who has them, emergencies, phone calls, questions, canned replies."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.demo.content import Content, phone
from bot.demo.lives import BOT, Agenda
from channels import wording
from channels.conversations import holding
from channels.conversations import service as conversations
from channels.desk import replies
from channels.message import InboundMessage, OutboundMessage
from channels.transcripts import service as transcripts
from channels.transcripts.schemas import CallIn, SegmentIn, TranscriptIn
from dispatch.emergencies import service as emergencies
from dispatch.knowledge import answering, gaps
from dispatch.platform import Platform
from dispatch.understanding.service import understand
from nlu import emergency

_OPERATOR = "operator2"
_SEEN_AFTER = timedelta(minutes=1)
_RECENT = 30
"""Emergencies of the last half hour are still to be seen by an operator."""


def plan(platform: Platform, content: Content, agenda: Agenda, end: datetime) -> None:
    """Put the demo's conversations on ``agenda``; minutes count back from ``end``."""
    talks = content.talks
    for number, each in enumerate(talks["waiting_talks"]):
        _wait(platform, agenda, f"demo-wait-{number}", each["text"], each["reason"], end - timedelta(minutes=each["minutes"]), content)
    for number, each in enumerate(talks["emergencies"]):
        seen = each["minutes"] > _RECENT
        _danger(platform, agenda, f"demo-danger-{number}", each["text"], end - timedelta(minutes=each["minutes"]), seen=seen)
    for number, texts in enumerate(talks["held"]):
        begin = end - timedelta(minutes=6 + 4 * number)
        _wait(platform, agenda, f"demo-held-{number}", texts, "asked_for_person", begin, content, taken=talks["taken"])


def hear(platform: Platform, session: Session, address: str, key: str, text: str, now: datetime) -> str:
    """Store a resident's words with what the bot makes of them, as answered; return the conversation's id."""
    received = conversations.store(session, InboundMessage("web", address, key, text), now=now, cipher=platform.cipher)
    message = conversations.message(session, received.message_id)
    if message is not None:
        message.handled = True
        message.understanding = understand(text, platform.reference.current()).model_dump(mode="json")
    return received.conversation_id


def _wait(
    platform: Platform,
    agenda: Agenda,
    address: str,
    texts: list[str],
    reason: str,
    begin: datetime,
    content: Content,
    taken: list[str] | None = None,
) -> None:
    for turn, text in enumerate(texts):

        def say(session: Session, now: datetime, turn: int = turn, text: str = text) -> None:
            conversation = conversations.find(session, hear(platform, session, address, f"{address}:{turn}", text, now))
            if conversation is None or turn + 1 < len(texts):
                return
            conversations.say(session, conversation, [OutboundMessage(content.talks["waiting"])], now=now, author="bot")
            conversations.ask_attention(conversation, reason, now=now, promise_person=reason == "asked_for_person")
            if taken:
                holding.take_over(session, conversation.id, _OPERATOR, now)
                for answer in taken:
                    holding.operator_says(session, conversation.id, _OPERATOR, answer, now)

        agenda.add(begin - timedelta(seconds=25 * (len(texts) - turn)), say)


def _danger(platform: Platform, agenda: Agenda, address: str, text: str, at: datetime, *, seen: bool) -> None:
    def say(session: Session, now: datetime) -> None:
        danger = emergency.detect(text)
        conversation = conversations.find(session, hear(platform, session, address, f"{address}:0", text, now))
        if danger is None or conversation is None:
            raise ValueError(f"data/demo/talks.yml: {text!r} isn't read as an emergency")
        emergencies.record(session, conversation.id, danger, text, now=now, cipher=platform.cipher)
        conversations.ask_attention(conversation, "emergency", now=now, note=f"{danger.line}：{danger.evidence}"[:200])
        conversations.say(session, conversation, [wording.emergency(danger.line, danger.also)], now=now, author="system")
        if seen:
            agenda.add(now + _SEEN_AFTER, lambda s, t: _see_to(s, conversation.id, t))

    agenda.add(at, say)


def _see_to(session: Session, conversation_id: str, now: datetime) -> None:
    holding.take_over(session, conversation_id, _OPERATOR, now)
    emergencies.acknowledge(session, conversation_id, _OPERATOR, now)
    holding.operator_says(session, conversation_id, _OPERATOR, "救援电话已帮您同时转接，请先保证自己安全，在原地等救援人员。", now)
    holding.close(session, conversation_id, _OPERATOR, now)


def take_calls(platform: Platform, content: Content, until: datetime, since: datetime, end: datetime) -> None:
    """Take in the phone calls that were made between ``since`` and ``until``."""
    for number, call in enumerate(content.talks["calls"]):
        if since < end - timedelta(minutes=call["minutes"]) <= until:
            segments = [
                SegmentIn(id=f"s{turn}", speaker=speaker, start=6.0 * turn, end=6.0 * turn + 5, confidence=0.94, text=text)
                for turn, (speaker, text) in enumerate(call["turns"])
            ]
            told = CallIn(caller_number=phone(9000 + number), agent="demo-07")
            transcripts.take(platform, TranscriptIn(call_id=f"demo-call-{number}", segments=segments, metadata=told, final=True), BOT)


def ask_questions(platform: Platform, content: Content, end: datetime) -> None:
    """Ask the knowledge base what residents asked, some twice and some in vain, and make its list of gaps."""
    for number, question in enumerate(content.talks["questions"]):
        answering.ask(platform.database, platform.knowledge, question, end - timedelta(minutes=17 * number + 5))
    gaps.cluster(platform.database)


def keep_replies(session: Session, content: Content, now: datetime) -> None:
    """Add the demo's canned replies to the city's."""
    for title, text in content.talks["canned"]:
        replies.save(session, reply_id=None, owner=None, title=title, text=text, by="admin", may_edit_city=True, now=now)
