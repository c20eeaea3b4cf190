"""Deliveries by real DBOS jobs in a process that is killed: after a restart each has arrived, and none is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from bot.system import open_platform
from dispatch.core.settings import Settings
from dispatch.webhooks import service as webhooks
from tests.doubles.unit_system import UnitSystem, unit_system

_COUNT = 40
_WORKER = """
import sys, time
from pathlib import Path
from bot.jobs import PERIODIC
from bot.system import open_platform
from dispatch.core.jobs import Jobs
from dispatch.core.settings import Settings
from dispatch.outbox import delivering
from dispatch.webhooks.delivering import pusher
platform = open_platform(Settings(data_dir=Path(sys.argv[1]), database_url=sys.argv[2]))
handlers = {"webhook": pusher({"order": lambda platform, unit, number, sequence: {"n": number}})}
delivering.start(platform, Jobs(platform.database), handlers, PERIODIC)
while True:
    time.sleep(60)
"""


def _worker(settings: Settings) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _WORKER, str(settings.data_dir), settings.resolved_database_url()], cwd=Path(__file__).parents[2]
    )


def _until(condition: object, seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.05)


@pytest.fixture
def unit() -> Iterator[UnitSystem]:
    with unit_system() as system:
        system.delay = 0.05
        yield system


def test_killed_in_mid_delivery_everything_arrives(settings: Settings, unit: UnitSystem) -> None:
    platform = open_platform(settings)
    with platform.database.write() as session:
        _, secret = webhooks.subscribe(
            session, unit_code="110105", url=unit.url, events=["order.*"], by="test", cipher=platform.cipher, now=platform.clock.now()
        )
        for n in range(_COUNT):
            webhooks.push(
                session, units=["110105"], event="order.dispatched", subject=f"BJ20261123-{n:06d}", sequence=1, now=platform.clock.now()
            )
    worker = _worker(settings)
    try:
        _until(lambda: len(unit.ids) >= _COUNT // 4)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        at_death = len(unit.ids)
        assert at_death < _COUNT, "killed too late to show anything"
        worker = _worker(settings)
        _until(lambda: len(unit.ids) == _COUNT)
    finally:
        worker.kill()
        worker.wait()
    assert {body["data"]["n"] for body in unit.bodies} == {f"BJ20261123-{n:06d}" for n in range(_COUNT)}
    # What was under way when it died may come twice, under the same id, so that a receiver can tell.
    assert sum(unit.ids.values()) <= _COUNT + 32
    headers, body = unit.received[-1]
    Webhook(secret).verify(body, headers)
    platform.database.dispose()
