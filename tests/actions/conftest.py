"""A tracker in, events out; the platform is an httpx transport. Runs in the assistant's environment (bot/.venv) only."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.actions.doubles import Platform

collect_ignore_glob = ["test_*.py"] if find_spec("rasa_sdk") is None else []

USERS_OF_THE_PLATFORM = ("intake", "triage", "consult", "progress", "emergency", "handoff", "survey")


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Platform:
    """Put a fake platform behind the actions' one client."""
    import httpx

    from actions.api import DispatchApi
    from tests.actions.doubles import Platform

    fake = Platform()
    client = DispatchApi(httpx.AsyncClient(base_url="http://platform", transport=httpx.MockTransport(fake.answer)))
    for module in USERS_OF_THE_PLATFORM:
        monkeypatch.setattr(f"actions.{module}.platform", lambda: client)
    return fake


@pytest.fixture
def run() -> Callable[[Any, Any], Any]:
    """Run an action against a tracker and return what it did."""
    from tests.actions.doubles import run_action

    return run_action
