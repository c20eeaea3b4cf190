"""Durable jobs by DBOS: deliveries of the outbox, and what has to be done every so often. They survive kill -9.

A job holds nothing but the id of a row; the row is the record. DBOS keeps its own tables: beside ours in SQLite, in the schema ``dbos`` in
PostgreSQL. Interrupted jobs are run again, so whatever a job does must look at its row first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from dbos import DBOS, DBOSClient
from dbos import EnqueueOptions as EnqueueOptions
from sqlalchemy.orm import Session

from dispatch.core.clock import SystemClock
from dispatch.core.database import Database

if TYPE_CHECKING:
    from dispatch.platform import Platform

_log = structlog.get_logger(__name__)

_APPLICATION = "jsjb"
_VERSION = "1"  # pinned: by default it is a hash of the code, and a new release would strand the old one's jobs
_QUEUE = "outbox"
_AT_ONCE = 32
_CONNECTIONS = 6
_POLL_SECONDS = 0.2
_KEEP_FINISHED = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Periodic:
    """Something done at the times of ``cron`` (five fields, or six with seconds first; Beijing time), once over all processes."""

    name: str
    cron: str
    run: Callable[[Platform], object]


class Jobs:
    """The durable jobs of this process. There is one at a time: DBOS keeps one instance a process."""

    def __init__(self, database: Database, *, slot: str = "platform-0") -> None:
        """Name the database, and the worker slot whose interrupted jobs this process takes up again."""
        self._url = database.url.render_as_string(hide_password=False)
        self._slot = slot
        self._client: DBOSClient | None = None

    def start(self, deliver: Callable[[str, int], None], periodic: Sequence[Periodic], platform: Platform) -> None:
        """Take up what an earlier process left, and run ``deliver(row id, attempt)`` for every job put in, ``periodic`` at its times."""
        global _deliver
        _deliver = deliver
        everything = [*periodic, Periodic("prune-finished-jobs", "17 3 * * *", prune_finished)]
        _periodic.clear()
        _periodic.update({each.name: (each.run, platform) for each in everything})
        DBOS(
            config={
                "name": _APPLICATION,
                "system_database_url": self._url,
                "application_version": _VERSION,
                "executor_id": self._slot,
                "log_level": "ERROR",
                "enable_otlp": False,
                "sys_db_pool_size": _CONNECTIONS,
            }
        )
        DBOS.launch()
        DBOS.register_queue(_QUEUE, worker_concurrency=_AT_ONCE, polling_interval_sec=_POLL_SECONDS)
        for schedule in DBOS.list_schedules():
            if schedule["schedule_name"] not in _periodic:
                DBOS.delete_schedule(schedule["schedule_name"])
        DBOS.apply_schedules(
            [
                {
                    "schedule_name": each.name,
                    "workflow_fn": _run_periodic,
                    "schedule": each.cron,
                    "context": each.name,
                    "cron_timezone": "Asia/Shanghai",
                }
                for each in everything
            ]
        )
        self._client = DBOSClient(
            system_database_url=self._url, application_name=_APPLICATION, use_listen_notify=False, system_database_pool_size=1
        )

    def put(self, session: Session, row_id: str, attempt: int, delay: timedelta) -> None:
        """Put in the job that makes attempt number ``attempt`` at row ``row_id`` after ``delay``, in the transaction of ``session``."""
        if self._client is None:
            return  # nothing runs here; whoever starts next finds the row
        options: EnqueueOptions = {
            "workflow_name": "deliver",
            "queue_name": _QUEUE,
            "workflow_id": f"{row_id}-{attempt}",
            "app_version": _VERSION,
        }
        if delay > timedelta(0):
            options["delay_seconds"] = delay.total_seconds()
        self._client.enqueue_in_transaction(session, options, row_id, attempt)

    def stop(self) -> None:
        """Let running jobs finish for a moment, then stop; what isn't finished is taken up at the next start."""
        if self._client is not None:
            self._client.destroy()
            self._client = None
            DBOS.destroy(workflow_completion_timeout_sec=3)


_deliver: Callable[[str, int], None]
_periodic: dict[str, tuple[Callable[[Any], object], Any]] = {}


@DBOS.workflow(name="deliver")
def _run_delivery(row_id: str, attempt: int) -> None:
    _deliver(row_id, attempt)


@DBOS.workflow(name="periodic")
def _run_periodic(_scheduled_at: datetime, name: str) -> None:
    run, platform = _periodic.get(name, (None, None))
    if run is None:
        return  # a release that no longer has it
    try:
        run(platform)
    except Exception as error:  # noqa: BLE001 - one failed round must not end the schedule; the next one tries again
        _log.error("periodic_job_failed", job=name, error=type(error).__name__)


def prune_finished(_platform: Platform) -> int:
    """Forget jobs that finished three days ago; return how many. Their rows stay."""
    before = (SystemClock().now() - _KEEP_FINISHED).isoformat()
    count = 0
    while ids := [each.workflow_id for each in DBOS.list_workflows(status=["SUCCESS", "ERROR"], completed_before=before, limit=1000)]:
        DBOS.delete_workflows(ids)
        count += len(ids)
    return count
