"""The assistant's own way in: a bearer token made on first start."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import Depends, Header

from dispatch.core.problems import Problem
from dispatch.orders.service import Actor
from dispatch.orders.workflow import Role
from dispatch.platform import PlatformDep


def bearer(authorization: str | None) -> str | None:
    """Return the token of an ``Authorization: Bearer`` header, or None."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def is_service_token(platform: PlatformDep, token: str) -> bool:
    """Say whether ``token`` is the assistant's."""
    return secrets.compare_digest(token.encode(), platform.keys.service.encode())


async def service_caller(platform: PlatformDep, authorization: Annotated[str | None, Header()] = None) -> Actor:
    """FastAPI dependency: the assistant, or problem 401."""
    token = bearer(authorization)
    if token is None or not is_service_token(platform, token):
        raise Problem(401, "需要服务令牌", "Authorization: 应为 Bearer 加服务令牌", kind="unauthorized")
    return Actor("assistant", Role.BOT)


ServiceCaller = Annotated[Actor, Depends(service_caller)]
