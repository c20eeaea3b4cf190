"""Checking, understanding and filing rows of bulk intake; a bad row is reported, good ones are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from pydantic import ValidationError

from dispatch.core.clock import BEIJING
from dispatch.intake.schemas import RowIn, RowOut
from dispatch.orders import service as orders
from dispatch.orders.schemas import OrderIn
from dispatch.orders.service import Actor
from dispatch.orders.workflow import Role
from dispatch.platform import Platform
from dispatch.understanding.service import understand
from nlu import contact

CHANNELS = (
    "phone",
    "voice",
    "sms",
    "web",
    "wechat",
    "app",
    "telegram",
    "whatsapp",
    "email",
    "letter",
    "visit",
    "open311",
    "media",
    "import",
)
"""Names of channels; a row may also use the Chinese names of ``_CHINESE``."""

_CHINESE = {
    "电话": "phone",
    "热线": "phone",
    "短信": "sms",
    "网站": "web",
    "网络": "web",
    "网页": "web",
    "微信": "wechat",
    "客户端": "app",
    "邮件": "email",
    "信件": "letter",
    "来访": "visit",
    "媒体": "media",
}
_LONGEST_TEXT = 20_000
_MOMENTS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d")
_PASSED_ON = frozenset({"answer", "dispatch", "liaison"})


class RowError(ValueError):
    """A row can't be taken in; the message names the column and what would be right."""


def take_in(platform: Platform, rows: Iterable[RowIn], *, by: str) -> list[RowOut]:
    """File an order for each row and say what became of it, in order. The same row again makes no second order."""
    return [_take_in(platform, row, by) for row in rows]


def _take_in(platform: Platform, row: RowIn, by: str) -> RowOut:
    now, reference = platform.clock.now(), platform.reference.current()
    try:
        received = _moment(row.received_at, now)
        order_in, emergency = _order_in(platform, row)
    except RowError as error:
        return RowOut(line=row.line, error=str(error))
    key = "import:" + hashlib.sha256("\x1f".join((row.text, row.channel, row.received_at, row.phone, row.address)).encode()).hexdigest()
    with platform.database.write() as session:
        before = orders.by_idempotency_key(session, key)
        order = before or orders.register(
            session,
            order_in,
            actor=Actor(by, Role.SYSTEM),
            now=received,
            reference=reference,
            cipher=platform.cipher,
            idempotency_key=key,
        )
        unit = reference.units.find(order.unit_code) if order.unit_code else None
        return RowOut(
            line=row.line, number=order.number, unit=unit.name if unit else None, repeated=before is not None, emergency=emergency
        )


def _order_in(platform: Platform, row: RowIn) -> tuple[OrderIn, str | None]:
    text = row.text.strip()
    if not text:
        raise RowError("text: 没有内容")
    if len(text) > _LONGEST_TEXT:
        raise RowError(f"text: 超过 {_LONGEST_TEXT} 字")
    found = understand(f"{text}\n{row.address.strip()}".strip(), platform.reference.current())
    try:
        order_in = OrderIn(
            description=text,
            request_type=found.request_type,
            handling=found.handling if found.handling in _PASSED_ON else "dispatch",
            matter_code=found.matter.code if found.matter else None,
            place=found.place
            if found.place.detail or not row.address.strip()
            else found.place.model_copy(update={"detail": row.address.strip()[:200]}),
            contact_phone=_phone(row.phone) or contact.find(text).phone,
            contact_name=contact.find(text).name,
            channel=_channel(row.channel),
        )
    except ValidationError as error:
        raise RowError(f"{'.'.join(map(str, error.errors()[0]['loc']))}: {error.errors()[0]['msg']}") from error
    return order_in, found.emergency.line if found.emergency else None


def _phone(given: str) -> str | None:
    given = given.strip()
    if not given:
        return None
    phone = contact.find(given).phone
    if phone is None:
        raise RowError("phone: 不是电话号码，应如 13800138000 或 010-12345678")
    return phone


def _channel(given: str) -> str:
    name = given.strip().lower()
    channel = _CHINESE.get(name, name or "import")
    if channel not in CHANNELS:
        raise RowError(f"channel: 没有“{given.strip()[:20]}”这个渠道，应为 {'、'.join(CHANNELS)} 之一")
    return channel


def _moment(given: str, now: datetime) -> datetime:
    given = given.strip()
    if not given:
        return now
    moment: datetime | None = None
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        for pattern in _MOMENTS:
            try:
                moment = datetime.strptime(given, pattern)  # noqa: DTZ007 - Beijing time is put on below
                break
            except ValueError:
                continue
    if moment is None:
        raise RowError("received_at: 不是时间，应如 2026-11-23 09:30（北京时间）")
    moment = moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)
    if moment > now:
        raise RowError("received_at: 晚于现在")
    if moment.year < 2000:
        raise RowError("received_at: 早于 2000 年")
    return moment
