"""Secrets of one system: made on first start under the data directory, or given by the environment.

Losing them makes contact details unreadable for ever, so a system that has data and no keys refuses to start instead of
quietly making new ones (DESIGN.md section 5).
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet

_NAMES = ("field", "lookup", "service", "signing")


class KeysLostError(Exception):
    """The system has data, but the keys it was written with are gone."""


@dataclass(frozen=True, slots=True)
class Keys:
    """``field`` encrypts contact details (Fernet), ``lookup`` keys their hashes, ``service`` is the assistant's token,
    ``signing`` signs links and cookies."""

    field: str
    lookup: str
    service: str
    signing: str


def load_keys(data_dir: Path, *, fresh_system: bool) -> Keys:
    """Return the keys of the system in ``data_dir``.

    Each comes from ``JSJB_KEY_<NAME>`` or from ``data_dir/keys/<name>`` (mode 0600). They are made only where
    ``fresh_system`` says that no data exists yet.

    Raises:
        KeysLostError: data exists and a key is neither in the environment nor on disk.
    """
    folder = data_dir / "keys"
    values: dict[str, str] = {}
    for name in _NAMES:
        file = folder / name
        from_environment = os.environ.get(f"JSJB_KEY_{name.upper()}")
        if from_environment:
            values[name] = from_environment
        elif file.is_file():
            values[name] = file.read_text(encoding="ascii").strip()
        elif fresh_system:
            values[name] = Fernet.generate_key().decode() if name == "field" else secrets.token_urlsafe(32)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as handle:
                handle.write(values[name])
        else:
            raise KeysLostError(
                f"the key '{name}' is missing: neither JSJB_KEY_{name.upper()} is set nor {file} exists, but this system already has data "
                "that was written with it. Restore the file from your backup; without it contact details stay unreadable."
            )
    return Keys(**values)
