"""A whole system in a folder of its own, for benchmarks and tests: the real processes on free ports."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from bot.model import ensure_model
from bot.supervisor import Supervisor, free_port
from bot.system import demo_logins, open_platform, seed_knowledge
from dispatch.core.settings import Settings


class RunningSystem:
    """``with RunningSystem(folder, say) as system:`` starts everything, watches it, and stops it at the end."""

    def __init__(self, folder: Path, say: Callable[[str], None], database_url: str | None = None) -> None:
        self.settings = Settings(data_dir=folder, database_url=database_url, port=free_port())
        platform = open_platform(self.settings)
        self.logins = demo_logins(platform).passwords
        seed_knowledge(platform)
        self.service_token = platform.keys.service
        self.supervisor = Supervisor(self.settings, platform.keys, ensure_model(say), say)
        platform.database.dispose()
        self._watcher = threading.Thread(target=self.supervisor.watch, daemon=True)

    @property
    def url(self) -> str:
        """The platform's address."""
        return self.settings.resolved_public_url()

    @property
    def rasa_url(self) -> str:
        """The Rasa server's own address."""
        return self.supervisor.rasa_url

    def __enter__(self) -> RunningSystem:
        self.supervisor.start()
        self._watcher.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.supervisor.stop()
        self._watcher.join(10)
