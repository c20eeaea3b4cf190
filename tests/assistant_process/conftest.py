"""What stands beside Rasa runs in the assistant's environment (bot/.venv) only."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore_glob = ["test_*.py"] if find_spec("rasa") is None else []
