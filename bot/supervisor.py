"""Starts and watches the processes of one system: action server, Rasa server, platform.

A child that dies is started again, and said so; when the supervisor stops, nothing is left running. Only the platform
listens on a public port: the assistant's ports are chosen free and bound to loopback.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bot.environments import ASSISTANT, ROOT
from bot.model import environment
from dispatch.core.keys import Keys
from dispatch.core.settings import Settings

_LOOPBACK = "127.0.0.1"
_START_SECONDS = 120.0
_STOP_SECONDS = 10.0
_CALM_SECONDS = 60.0
_PR_SET_PDEATHSIG = 1


class PortTakenError(Exception):
    """The port that was asked for belongs to somebody else."""


class ChildFailedError(Exception):
    """A process didn't come up."""


@dataclass(slots=True)
class _Child:
    name: str
    label: str
    command: list[str]
    environment: dict[str, str]
    probe: str
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    extra: dict[str, str] = field(default_factory=dict)


def free_port() -> int:
    """Return a port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        return int(probe.getsockname()[1])


def check_port(host: str, port: int) -> None:
    """Raise PortTakenError if ``port`` can't be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTakenError(f"端口 {port} 已被占用：请先停掉占用它的程序，或换一个端口，例如 make run PORT={port + 1}") from error


class Supervisor:
    """The processes of one system, from start to stop."""

    def __init__(self, settings: Settings, keys: Keys, model: Path, say: Callable[[str], None]) -> None:
        """Prepare to run ``model`` for the system of ``settings``; ``say`` gets what a person should read."""
        self._say = say
        self._stopping = threading.Event()
        actions_port, rasa_port = free_port(), free_port()
        data_dir = settings.data_dir.resolve()
        logs = data_dir / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        python = str(ASSISTANT / "bin" / "python")
        api_url = f"http://{_LOOPBACK if settings.host == '0.0.0.0' else settings.host}:{settings.port}"  # noqa: S104 - compared, not bound
        rasa_url = self.rasa_url = f"http://{_LOOPBACK}:{rasa_port}"
        self.action_url = f"http://{_LOOPBACK}:{actions_port}/webhook"
        assistant_environment = environment(
            SANIC_HOST=_LOOPBACK,
            ACTION_URL=self.action_url,
            RASA_TRACKER_DB=str(data_dir / "rasa-trackers.sqlite3"),
            JSJB_API_URL=api_url,
            JSJB_SERVICE_TOKEN=keys.service,
        )
        platform_environment = {
            **os.environ,
            "JSJB_DATA_DIR": str(data_dir),
            "JSJB_DATABASE_URL": settings.resolved_database_url(),
            "JSJB_HOST": settings.host,
            "JSJB_PORT": str(settings.port),
            "JSJB_PUBLIC_URL": settings.resolved_public_url(),
            "JSJB_DEMO": str(settings.demo),
            "JSJB_RASA_URL": rasa_url,
            "JSJB_LEARNED_THRESHOLD": str(settings.learned_threshold),
        }
        for name, model_file in (("JSJB_MATTER_MODEL", settings.matter_model), ("JSJB_UNIT_MODEL", settings.unit_model)):
            if model_file:
                platform_environment[name] = str(model_file.resolve())
        rasa = ["run", "-i", _LOOPBACK, "-p", str(rasa_port), "--model", str(model)]
        rasa += ["--endpoints", str(ROOT / "bot/endpoints.yml"), "--credentials", str(ROOT / "bot/credentials.yml")]
        self._children = [
            _Child(
                "platform",
                "平台",
                [sys.executable, "-m", "bot.serve"],
                platform_environment,
                f"{api_url}/healthz",
                logs / "platform.log",
            ),
            _Child(
                "actions",
                "动作服务",
                [python, "-m", "rasa_sdk", "--actions", "actions", "--port", str(actions_port)],
                assistant_environment,
                f"http://{_LOOPBACK}:{actions_port}/health",
                logs / "actions.log",
            ),
            _Child("rasa", "Rasa 服务", [python, "-m", "bot.assistant", *rasa], assistant_environment, f"{rasa_url}/", logs / "rasa.log"),
        ]

    def start(self) -> None:
        """Start every process and return when all answer.

        Raises:
            ChildFailedError: one didn't come up; the message names its log.
        """
        for child in self._children:
            self._launch(child)
        for child in self._children:
            self._await(child)
            self._say(f"  {child.label}已就绪")

    def watch(self) -> None:
        """Keep the processes running until ``stop`` is called from a signal handler."""
        while not self._stopping.wait(0.5):
            for child in self._children:
                code = child.process.poll() if child.process else None
                if code is None or self._stopping.is_set():
                    continue
                if time.monotonic() - child.started > _CALM_SECONDS:
                    child.failures = 0
                child.failures += 1
                pause = min(2 ** (child.failures - 1), 30)
                self._say(f"{child.label}退出（{code}），{pause} 秒后重新启动；日志：{child.log}")
                if self._stopping.wait(pause):
                    break
                self._launch(child)

    def stop(self) -> None:
        """Ask every process to end, and end those that don't within ten seconds."""
        self._stopping.set()
        running = [child.process for child in self._children if child.process and child.process.poll() is None]
        for process in running:
            _signal_group(process, signal.SIGTERM)
        limit = time.monotonic() + _STOP_SECONDS
        for process in running:
            try:
                process.wait(max(0.1, limit - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal_group(process, signal.SIGKILL)
                process.wait()

    def request_stop(self) -> None:
        """Make ``watch`` return; safe in a signal handler."""
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        """Whether somebody asked to stop."""
        return self._stopping.is_set()

    @property
    def pids(self) -> dict[str, int]:
        """The process ids by name, for tests that kill one."""
        return {child.name: child.process.pid for child in self._children if child.process}

    def _launch(self, child: _Child) -> None:
        with child.log.open("ab") as log:
            child.process = subprocess.Popen(  # noqa: S603
                child.command,
                cwd=ROOT,
                env=child.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )
        child.started = time.monotonic()

    def _await(self, child: _Child) -> None:
        limit = time.monotonic() + _START_SECONDS
        while time.monotonic() < limit and not self._stopping.is_set():
            if child.process and child.process.poll() is not None:
                raise ChildFailedError(f"{child.label}没有启动成功（退出码 {child.process.returncode}）；原因见 {child.log}")
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(child.probe, timeout=2, trust_env=False).is_success:
                    return
            time.sleep(0.2)
        if not self._stopping.is_set():
            raise ChildFailedError(f"{child.label}在 {_START_SECONDS:.0f} 秒内没有就绪；原因见 {child.log}")


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _die_with_parent() -> None:
    """Have the kernel end this child when the supervisor dies, even by kill -9 (prctl(2))."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
