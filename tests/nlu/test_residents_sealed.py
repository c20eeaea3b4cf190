"""What residents write, read by jsjb understand and the readers of replies and contacts: a sealed set, judged by its totals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.system import reference_in_force
from dispatch.core.settings import Settings
from dispatch.understanding.service import Reference, understand
from nlu import contact, survey_reply

SEALED: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("residents_sealed.yml").read_text(encoding="utf-8"))
_CONTACTED = {True: "yes", False: "no", None: "-"}


@pytest.fixture(scope="module")
def reference() -> Reference:
    return reference_in_force(Settings(data_dir=Path("/nonexistent")))


def _rows(name: str) -> Iterator[tuple[str, str]]:
    """Yield (what is expected, text)."""
    for expected, texts in SEALED[name].items():
        yield from ((expected, text) for text in texts)


def _share(judged: Iterable[bool]) -> float:
    """Return the share that is right. The sentences are sealed: a failure tells the share and no more."""
    every = list(judged)
    return sum(every) / len(every)


def test_ways(reference: Reference) -> None:
    def right(expected: str, text: str) -> bool:
        reading = understand(text, reference)
        way = f"{reading.handling}:{reading.channel}" if reading.channel else reading.handling
        at_risk = reading.stability_risk or way == "emergency"
        return way in expected.replace("+risk", "").split("|") and (at_risk or "+risk" not in expected)

    assert _share(right(expected, text) for expected, text in _rows("handling")) >= 0.82


def test_request_types(reference: Reference) -> None:
    assert _share(understand(text, reference).request_type == expected for expected, text in _rows("request_type")) >= 0.9


def test_survey_replies() -> None:
    def answers(text: str) -> list[str]:
        reply = survey_reply.read(text)
        return [_CONTACTED[reply.contacted], reply.resolved or "-", reply.satisfied or "-"]

    pairs = [(expected.split(), answers(text)) for expected, text in _rows("survey")]
    assert _share(read == expected for expected, read in pairs) >= 0.77
    for question in range(3):
        assert _share(read[question] == expected[question] for expected, read in pairs) >= 0.87


def test_places(reference: Reference) -> None:
    def right(row: dict[str, str]) -> bool:
        place = understand(row["text"], reference).place
        return all(str(getattr(place, level) or "null") in row[level].split("|") for level in ("district", "street") if level in row)

    assert _share(right(row) for row in SEALED["place"]) >= 0.88


def test_contacts() -> None:
    def right(row: dict[str, str | None]) -> bool:
        text = row["text"] or ""
        found, masked = contact.find(text), re.sub(r"\s", "", contact.mask(text))
        phone = re.sub(r"\D", "", found.phone or "") or None
        hidden = row.get("identity") is None or (row["identity"] or "")[6:12] not in masked
        return phone in (row["phone"], f"010{row['phone']}") and found.name in _spellings(row["name"]) and hidden

    assert _share(right(row) for row in SEALED["contact"]) >= 0.84


def _spellings(name: str | None) -> tuple[str | None, ...]:
    """A bare surname may as well be read with 老 before it."""
    return (name, f"老{name}") if name and len(name) == 1 else (name,)
