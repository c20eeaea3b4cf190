"""The assistant's model: trained here from the project's own files, never loaded from elsewhere (a model archive is code)."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from bot.environments import ASSISTANT, ROOT

MODELS = ROOT / "models"
_DATA = ("nlu", "rules", "stories")
_KEPT = 3


class TrainingFailedError(Exception):
    """``rasa train`` failed; the message is the end of what it printed."""


def inputs() -> Iterator[Path]:
    """Yield every file that the model depends on, sorted: pipeline, domain, training data, components and what they read."""
    yield ROOT / "config.yml"
    folders = [
        ROOT / "bot" / "domain",
        *(ROOT / "data" / name for name in _DATA),
        ROOT / "data" / "dictionary",
        ROOT / "nlu" / "components",
    ]
    for folder in folders:
        yield from sorted(file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    yield ROOT / "bot" / "requirements.txt"


def fingerprint() -> str:
    """Return a hash of all inputs, 16 hex digits."""
    digest = hashlib.sha256()
    for file in inputs():
        digest.update(f"{file.relative_to(ROOT)}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def environment(**extra: str) -> dict[str, str]:
    """Return the environment of every process of the assistant."""
    quiet = {
        "RASA_TELEMETRY_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "PYTHONWARNINGS": "ignore",
    }
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("JSJB_KEY_", "VIRTUAL_ENV"))}
    return {**kept, **quiet, "PYTHONPATH": str(ROOT), **extra}


def ensure_model(say: Callable[[str], None]) -> Path:
    """Return the archive of a model that fits the inputs, training it (about a minute) if there is none.

    Raises:
        TrainingFailedError: with the end of Rasa's output.
    """
    name = f"jsjb-{fingerprint()}"
    archive = MODELS / f"{name}.tar.gz"
    if archive.is_file():
        return archive
    say("训练助手模型（约一分钟）……")
    MODELS.mkdir(exist_ok=True)
    data = [str(ROOT / "data" / folder) for folder in _DATA]
    command = [
        str(ASSISTANT / "bin" / "python"),
        "-m",
        "rasa",
        "train",
        "--config",
        "config.yml",
        "--domain",
        "bot/domain",
        "--data",
        *data,
    ]
    command += ["--out", str(MODELS), "--fixed-model-name", name]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode or not archive.is_file():
        raise TrainingFailedError((done.stdout + done.stderr)[-3000:])
    for old in sorted(MODELS.glob("jsjb-*.tar.gz"), key=lambda file: file.stat().st_mtime, reverse=True)[_KEPT:]:
        old.unlink()
    return archive


def main() -> int:
    """Train if needed (``make setup``) and print where the model is. Returns the exit code."""

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)  # noqa: T201

    try:
        print(ensure_model(say).relative_to(ROOT))  # noqa: T201
    except TrainingFailedError as error:
        say(f"模型训练失败：\n{error}")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
