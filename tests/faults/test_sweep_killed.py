"""A sweep over many due orders is killed in the middle: after another one every order has exactly one overdue event."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from bot.system import open_platform
from dispatch.core.clock import FixedClock
from dispatch.core.settings import Settings
from dispatch.orders.timers import sweep
from dispatch.platform import Platform
from tests.dispatch.order_work import COLD_FLAT, faults, register

_COUNT = 80
_SWEEPER = """
import sys
from datetime import datetime
from pathlib import Path
from bot.system import open_platform
from dispatch.core.clock import FixedClock
from dispatch.core.settings import Settings
from dispatch.orders import timers
timers._BATCH = 5
platform = open_platform(Settings(data_dir=Path(sys.argv[1]), database_url=sys.argv[2]), FixedClock(datetime.fromisoformat(sys.argv[3])))
print("sweeping", flush=True)
timers.sweep(platform)
"""


def _overdue(platform: Platform) -> list[int]:
    """Overdue events of each order that has any."""
    counted = "SELECT count(*) FROM order_events WHERE name = 'overdue' GROUP BY order_id"
    with platform.database.read() as session:
        return list(session.execute(sa.text(counted)).scalars())


def test_a_killed_sweep_loses_and_doubles_nothing(settings: Settings, clock: FixedClock) -> None:
    platform = open_platform(settings, clock)
    for _ in range(_COUNT):
        register(platform, COLD_FLAT)
    clock.moment += timedelta(hours=24)
    arguments = [str(settings.data_dir), settings.resolved_database_url(), clock.moment.isoformat()]
    sweeper = subprocess.Popen([sys.executable, "-c", _SWEEPER, *arguments], cwd=Path(__file__).parents[2], stdout=subprocess.PIPE)
    assert sweeper.stdout is not None
    try:
        assert sweeper.stdout.readline()
        limit = time.monotonic() + 60
        while len(_overdue(platform)) < _COUNT // 10:
            assert time.monotonic() < limit, "waited in vain"
    finally:
        os.kill(sweeper.pid, signal.SIGKILL)
        sweeper.wait()
        sweeper.stdout.close()
    at_death = len(_overdue(platform))
    assert at_death < _COUNT, "killed too late to show anything"
    sweep(platform)
    sweep(platform)
    assert _overdue(platform) == [1] * _COUNT
    with platform.database.read() as session:
        notices = "SELECT count(*) FROM outbox WHERE kind = 'notice' AND key LIKE 'order:%'"
        assert session.execute(sa.text(notices)).scalar() == _COUNT
    assert faults(platform) == []
    platform.database.dispose()
