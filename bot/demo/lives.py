"""What happens to the orders of the demo, hour after hour: every step through the orders' own service, in the order of time."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from bot.demo import content as demo
from bot.demo.content import Content
from channels.conversations import service as conversations
from channels.message import InboundMessage, OutboundMessage
from dispatch.callbacks import reading
from dispatch.callbacks import service as callbacks
from dispatch.callbacks.life import waking
from dispatch.core.clock import beijing_text
from dispatch.orders import service as orders
from dispatch.orders.schemas import TransitionIn
from dispatch.orders.service import Actor, Order
from dispatch.orders.terms import HoldGround
from dispatch.orders.workflow import Role
from dispatch.platform import Platform
from dispatch.understanding.service import Reference, understand
from dispatch.units.service import HOTLINE_DESK

BOT = Actor("assistant", Role.BOT)
DISPATCHER = Actor("dispatcher", Role.DISPATCHER)
SUPERVISOR = Actor("supervisor", Role.SUPERVISOR)
_CHANNELS = ("web",) * 6 + ("phone",) * 4 + ("telegram", "sms")
_OWN_NAMES = {"110105026": "wangjing", "110105": "chaoyang"}
_UNHAPPY = 0.18
_ANSWERS_CALLBACK = 0.8

Happening = Callable[[Session, datetime], object]


@dataclass(slots=True)
class Agenda:
    """What is still to happen, the earliest first."""

    waiting: list[tuple[datetime, int, Happening]] = field(default_factory=list)
    _count: Any = field(default_factory=itertools.count)

    def add(self, at: datetime, happening: Happening) -> None:
        """Have something happen at ``at``."""
        heapq.heappush(self.waiting, (at, next(self._count), happening))

    def until(self, moment: datetime) -> list[tuple[datetime, Happening]]:
        """Take out what happens up to ``moment``, in turn."""
        found = []
        while self.waiting and self.waiting[0][0] <= moment:
            at, _, happening = heapq.heappop(self.waiting)
            found.append((at, happening))
        return found


def handler_name(unit_code: str) -> str:
    """Return the account of the people of a unit in the demo."""
    return _OWN_NAMES.get(unit_code, f"demo{unit_code}")


class Lives:
    """The lives of the demo's orders, drawn from one seed so that every demo tells the same day."""

    def __init__(self, platform: Platform, content: Content, agenda: Agenda, chance: random.Random) -> None:
        self._platform, self._content, self._agenda, self._chance = platform, content, agenda, chance
        self._streets = demo.streets(platform.reference.current())

    @property
    def _reference(self) -> Reference:
        return self._platform.reference.current()

    def begin(self, index: int, at: datetime, end: datetime) -> None:
        """Let resident number ``index`` report something at ``at``; ``end`` is the demo's present."""
        self._agenda.add(at, lambda session, now: self._file(session, index, now, end))

    def _later(self, now: datetime, low: float, high: float, happening: Happening) -> None:
        self._agenda.add(now + timedelta(minutes=self._chance.uniform(low, high)), happening)

    # Filing

    def _file(self, session: Session, index: int, now: datetime, end: datetime) -> None:
        chance = self._chance
        channel = chance.choice(_CHANNELS)
        given = demo.order_in(self._content, index, chance.choice(self._streets), channel, chance)
        by_hand = chance.random() < 0.06 or (now > end - timedelta(hours=1) and chance.random() < 0.5)
        conversation = None
        if channel != "phone":
            inbound = InboundMessage(channel, f"demo-{index}", f"demo:{index}", _spoken(given.place.street, given.place, given.description))
            received = conversations.store(session, inbound, now=now, cipher=self._platform.cipher)
            message = conversations.message(session, received.message_id)
            conversation = conversations.find(session, received.conversation_id)
            if message is not None:
                message.handled = True
                message.understanding = understand(inbound.text, self._reference).model_dump(mode="json")
        order = orders.register(
            session,
            given.model_copy(update={"dispatch_now": not by_hand}),
            actor=BOT,
            now=now,
            reference=self._reference,
            cipher=self._platform.cipher,
            conversation_id=conversation.id if conversation else None,
        )
        if conversation is not None and order.unit_code and order.deadline_at:
            told = self._content.talks["filed"].format(
                number=order.number, unit=self._reference.units.get(order.unit_code).name, deadline=beijing_text(order.deadline_at)
            )
            conversations.say(session, conversation, [OutboundMessage(told)], now=now, author="bot")
        number = order.number
        if by_hand:
            self._later(now, 20, 90, lambda s, t: self._dispatch_by_hand(s, number, given.place.street, t))
        else:
            self._plan(number, order, now)

    def _dispatch_by_hand(self, session: Session, number: str, street: str | None, now: datetime) -> None:
        unit = self._reference.units.street(demo.DISTRICT, street) if street else None
        given = {"unit": unit.code if unit else HOTLINE_DESK, "reason": "经人工研判，由属地街道首接办理"}
        if order := self._do(session, number, "dispatch", DISPATCHER, now, **given):
            self._plan(number, order, now)

    # Handling

    def _plan(self, number: str, order: Order, now: datetime) -> None:
        """Decide what the unit will do with an order that has just been dispatched to it."""
        if order.unit_code is None or order.unit_code == HOTLINE_DESK:
            return
        fate = self._chance.random()
        if fate < 0.07 and order.objections == 0:
            self._later(now, 15, 120, lambda s, t: self._object(s, number, t))
        elif fate < 0.95:
            slow = self._chance.random() < 0.15
            self._later(now, 300 if slow else 4, 900 if slow else 110, lambda s, t: self._accept(s, number, t))

    def _object(self, session: Session, number: str, now: datetime) -> None:
        if self._unit_does(session, number, "object", now, reason=self._pick("objections")) is None:
            return
        fate = self._chance.random()
        if fate < 0.35:
            other = self._chance.choice(self._streets).code
            decision: dict[str, Any] = {"name": "uphold_objection", "unit": other, "reason": "经核实异议成立，改派实际管理单位"}
        elif fate < 0.6:
            decision = {"name": "refuse_objection", "reason": "地点确在辖区内，按首接负责先行办理"}
        else:
            return  # still to be reviewed: the dispatcher's desk needs some
        self._later(now, 40, 180, lambda s, t: self._decide(s, number, t, **decision))

    def _decide(self, session: Session, number: str, now: datetime, *, name: str, **given: Any) -> None:
        if order := self._do(session, number, name, DISPATCHER, now, **given):
            self._plan(number, order, now)

    def _accept(self, session: Session, number: str, now: datetime) -> None:
        order = self._unit_does(session, number, "accept", now)
        if order is None or order.deadline_at is None:
            return
        self._later(now, 10, 150, lambda s, t: self._note(s, number, "log_contact", t, reason=self._pick("contacts")))
        self._maybe(now, number)
        hours = max(0.5, (order.deadline_at - now).total_seconds() / 3600)
        if self._chance.random() < 0.88:
            share = self._chance.triangular(0.15, 1.35, 0.45)
            most = min(hours * share, self._chance.uniform(3, 30))
            self._later(now, most * 55, most * 60, lambda s, t: self._answer(s, number, t))

    def _maybe(self, now: datetime, number: str) -> None:
        """Let some orders take a turn on the way: help from others, a whistle, more time, a hold, a stage report, the supervisor."""
        fate = self._chance.random()
        helper = self._chance.choice(("B004", "B005", "110105"))
        if fate < 0.12:
            self._later(now, 20, 120, lambda s, t: self._note(s, number, "invite_co_unit", t, unit=helper, reason=self._pick("co_units")))
            if fate < 0.06:
                self._later(now, 150, 300, lambda s, t: self._help(s, number, helper, t))
        elif fate < 0.18:
            self._later(now, 30, 200, lambda s, t: self._note(s, number, "whistle", t, unit=helper, reason=self._pick("co_units")))
        elif fate < 0.24:
            self._later(now, 60, 400, lambda s, t: self._extend(s, number, t))
        elif fate < 0.28:
            hold = {"ground": HoldGround.RESIDENT, "reason": self._pick("holds")}
            self._later(now, 60, 300, lambda s, t: self._note(s, number, "hold", t, **hold))
        elif fate < 0.36:
            self._later(now, 60, 500, lambda s, t: self._note(s, number, "report_stage", t, reason=self._pick("stages")))
        elif fate < 0.4:
            self._later(now, 120, 700, lambda s, t: self._do(s, number, "urge", SUPERVISOR, t, reason="诉求人再次来电，请抓紧办理并回复"))

    def _note(self, session: Session, number: str, name: str, now: datetime, **given: Any) -> None:
        self._unit_does(session, number, name, now, **given)

    def _help(self, session: Session, number: str, unit: str, now: datetime) -> None:
        actor = Actor(handler_name(unit), Role.HANDLER, unit)
        self._do(session, number, "co_report", actor, now, reason="已派员到场配合，问题点位核对完毕，材料交主办单位。")

    def _extend(self, session: Session, number: str, now: datetime) -> None:
        order = orders.find(session, number)
        if order is not None and order.deadline_at is not None:
            deadline = order.deadline_at + timedelta(days=3)
            self._unit_does(session, number, "extend", now, reason=self._pick("extensions"), deadline=deadline)

    def _answer(self, session: Session, number: str, now: datetime) -> None:
        order = orders.find(session, number)
        if order is None:
            return
        answer = self._content.answer(order.matter_code, self._chance)
        given = {"answer": answer, "no_contact_reason": "诉求人电话两次无人接听，已短信告知", "no_report_reason": "协办内容不影响本次答复"}
        answered = self._unit_does(session, number, "answer", now, **given)
        if answered is not None and self._chance.random() < _ANSWERS_CALLBACK:
            asked = waking(now + callbacks.ASK_AFTER)
            self._later(asked, 20, 200, lambda s, t: self._reply(s, number, t))

    # The resident's word

    def _reply(self, session: Session, number: str, now: datetime) -> None:
        """Let the resident say how it went, if they have been asked by now."""
        callback = next((each for each in callbacks.of_order(session, number) if each.state in ("asked", "phone")), None)
        if callback is None:
            return
        unhappy = self._chance.random() < _UNHAPPY
        words = self._pick("reworks_replies" if unhappy else "replies")
        answers = reading.read(words, "all")
        if answers.missing:
            raise ValueError(f"data/demo/requests.yml: {words!r} doesn't answer all three questions")
        by = "resident" if callback.conversation_id else "operator1"
        callbacks.record(session, callback.id, answers, words if unhappy else None, by=by, now=now, reference=self._reference)
        if unhappy:
            self._later(now, 60, 400, lambda s, t: self._answer(s, number, t))

    # Steps

    def _pick(self, name: str) -> str:
        return str(self._chance.choice(self._content.said[name]))

    def _unit_does(self, session: Session, number: str, name: str, now: datetime, **given: Any) -> Order | None:
        order = orders.find(session, number)
        if order is None or order.unit_code is None:
            return None
        return self._do(session, number, name, Actor(handler_name(order.unit_code), Role.HANDLER, order.unit_code), now, **given)

    def _do(self, session: Session, number: str, name: str, actor: Actor, now: datetime, **given: Any) -> Order | None:
        """Do a step if the order's table still allows it by then; return the order, or None where it doesn't."""
        order = orders.find(session, number)
        if order is None:
            return None
        if name not in {row.name for row in orders.steps(session, order, actor, now=now, reference=self._reference)}:
            return None
        if name != "dispatch" and given.get("unit") == order.unit_code:
            return None
        return orders.apply(session, number, name, TransitionIn(**given), actor=actor, now=now, reference=self._reference)


def _spoken(street: str | None, place: Any, words: str) -> str:
    return f"{demo.DISTRICT}{street or ''}{place.community}{place.detail}，{words}"
