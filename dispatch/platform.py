"""The parts that every request needs, put together once by ``bot.app`` and handed to routes by FastAPI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from dispatch.core.clock import Clock
from dispatch.core.crypto import FieldCipher
from dispatch.core.database import Database
from dispatch.core.keys import Keys
from dispatch.core.live import LiveEvents
from dispatch.core.settings import Settings
from dispatch.knowledge.live import KnowledgeBase
from dispatch.understanding.service import ReferenceData


@dataclass(frozen=True, slots=True)
class Platform:
    """One running system."""

    settings: Settings
    database: Database
    clock: Clock
    keys: Keys
    cipher: FieldCipher
    live: LiveEvents
    reference: ReferenceData
    knowledge: KnowledgeBase


async def current_platform(connection: HTTPConnection) -> Platform:  # async: nothing in it is worth a thread
    """FastAPI dependency: the platform that serves this request or WebSocket."""
    return cast(Platform, connection.app.state.platform)


PlatformDep = Annotated[Platform, Depends(current_platform)]
