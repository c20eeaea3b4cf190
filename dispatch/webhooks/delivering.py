"""The outbox's handler of pushes: put the body together, sign it, post it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
from standardwebhooks.webhooks import Webhook

from dispatch.outbox.delivering import Handler, Parcel, Refused, RetryLater
from dispatch.platform import Platform
from dispatch.webhooks import repository

Body = Callable[[Platform, str, str, int], "dict[str, Any] | None"]
"""Takes platform, unit code, subject and sequence of an event; returns what is pushed, or None if there is nothing left to push."""

_TIMEOUT = 10.0
_LONGEST_WAIT = 3600.0


def pusher(bodies: Mapping[str, Body]) -> Handler:
    """Return the handler; ``bodies`` are by the first part of the event's name (``order``, ``callback``, ``evaluation``)."""

    def push(platform: Platform, parcel: Parcel) -> str | None:
        event, sequence = str(parcel.payload["event"]), int(parcel.payload["sequence"])
        with platform.database.read() as session:
            subscription = repository.by_id(session, parcel.target)
        if subscription is None or not subscription.active:
            raise Refused("订阅已停用")
        data = bodies[event.split(".", 1)[0]](platform, subscription.unit_code, parcel.subject, sequence)
        if data is None:
            raise Refused("要推送的内容已不存在")
        now = platform.clock.now()
        content = {"type": event, "timestamp": parcel.created_at.isoformat(), "subject": parcel.subject, "sequence": sequence, "data": data}
        body = json.dumps(content, ensure_ascii=False, default=str)
        secret = platform.cipher.decrypt(subscription.secret) or ""
        headers = {
            "content-type": "application/json",
            "webhook-id": parcel.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(parcel.id, now, body),
        }
        try:
            answer = httpx.post(
                subscription.url, content=body.encode(), headers=headers, timeout=_TIMEOUT, follow_redirects=False, trust_env=False
            )
        except httpx.HTTPError as error:
            raise RetryLater(None, f"连接失败：{type(error).__name__}") from None
        if answer.is_success:
            return None
        if answer.status_code == httpx.codes.GONE:
            with platform.database.write() as session:
                if row := repository.by_id(session, parcel.target):
                    row.active = False
            raise Refused("对方答复 410，订阅已停用")
        raise RetryLater(_retry_after(answer), f"对方答复 {answer.status_code}")

    return push


def _retry_after(answer: httpx.Response) -> float | None:
    given = answer.headers.get("retry-after", "")
    return min(float(given), _LONGEST_WAIT) if given.isdecimal() else None
