"""One whole running system, real processes on free ports, shared by the tests that need it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from bot.environments import ASSISTANT
from bot.running import RunningSystem


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSystem]:
    """The real platform, action server and Rasa server with the trained model."""
    if not (ASSISTANT / "bin" / "python").exists():
        pytest.skip("the assistant's environment is missing: run make setup")
    notes: list[str] = []
    with RunningSystem(tmp_path_factory.mktemp("system"), notes.append) as running:
        yield running


class Resident:
    """A resident's browser without the page."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=30, trust_env=False)
        self.http.get("/")

    def say(self, text: str, client_id: str | None = None) -> list[dict[str, Any]]:
        """Send a message and return the replies."""
        answer = self.http.post("/channels/web/messages", json={"client_id": client_id or uuid.uuid4().hex, "text": text})
        answer.raise_for_status()
        return list(answer.json()["messages"])

    def transcript(self) -> list[dict[str, Any]]:
        """Return everything said so far."""
        return list(self.http.get("/channels/web/messages").json()["messages"])


@pytest.fixture
def resident(system: RunningSystem) -> Iterator[Callable[[], Resident]]:
    """Makes new residents of the running system."""
    made: list[Resident] = []

    def new() -> Resident:
        made.append(Resident(system.url))
        return made[-1]

    yield new
    for each in made:
        each.http.close()
