"""Making sure that a webhook was called by Twilio: its signature over our public address and every field."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl

import structlog
from fastapi import Depends, Request
from twilio.request_validator import RequestValidator

from channels.delivery import bodies
from dispatch.core.problems import Problem
from dispatch.platform import PlatformDep

_log = structlog.get_logger(__name__)


async def signed_fields(request: Request, platform: PlatformDep) -> dict[str, str]:
    """FastAPI dependency: the fields that Twilio sent; problem 403 where the signature isn't theirs.

    Behind a proxy the address that Twilio called is ``JSJB_PUBLIC_URL``, not the one that reaches us. The number called isn't
    checked: those of a Messaging Service are many, and change.
    """
    settings = platform.settings
    if settings.twilio_auth_token is None:
        raise Problem(404, "没有这个渠道", "本系统没有配置 Twilio", kind="not-found")
    body = await bodies.read(request)
    try:
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=500))
    except ValueError:
        raise Problem(400, "内容有误", "应为表单（application/x-www-form-urlencoded）", kind="invalid-input") from None
    query = f"?{request.url.query}" if request.url.query else ""
    url = f"{settings.resolved_public_url()}{request.url.path}{query}"
    signature = request.headers.get("X-Twilio-Signature", "")
    if not RequestValidator(settings.twilio_auth_token.get_secret_value()).validate(url, fields, signature):
        _log.warning("webhook_refused", channel="twilio", cause="wrong signature")
        raise Problem(403, "来源不明", "X-Twilio-Signature: 签名不符；请核对 JSJB_PUBLIC_URL 与 Twilio 里登记的地址", kind="forbidden")
    return fields


SignedFields = Annotated[dict[str, str], Depends(signed_fields)]
