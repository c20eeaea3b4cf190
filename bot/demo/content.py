"""What the demo is made of: the texts of ``data/demo/*.yml``, all written for it, and the people and places that go with them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import yaml

from dispatch.orders.schemas import OrderIn
from dispatch.understanding.schemas import PlaceOut
from dispatch.understanding.service import Reference
from dispatch.units.service import UnitEntry
from nlu.files import data_path

DISTRICT = "朝阳区"
_BUSY_STREET = "望京街道"
_STREETS = 14
_OFTEN = 5
"""The street of the demo's own log-in gets this many times as many orders as any other."""


@dataclass(frozen=True, slots=True)
class Content:
    """Everything that is said in the demo."""

    requests: list[tuple[str, str, str]]
    """Code of the matter, type, words."""

    answers: dict[str, list[str]]
    """By the first two digits of the matter's code, ``other`` for all the rest."""

    said: dict[str, Any]
    talks: dict[str, Any]

    def answer(self, matter_code: str | None, chance: random.Random) -> str:
        """Return an answer that fits a matter."""
        return chance.choice(self.answers.get((matter_code or "")[:2], self.answers["other"]))


def load() -> Content:
    """Read the demo's files."""
    orders, talks = (yaml.safe_load(data_path("demo", f"{name}.yml").read_text(encoding="utf-8")) for name in ("requests", "talks"))
    requests = [(code, kind, words) for code, kind, words in orders.pop("requests")]
    return Content(requests, orders.pop("answers"), orders, talks)


def streets(reference: Reference) -> list[UnitEntry]:
    """Return the streets of the demo's district, the one with a log-in of its own repeated."""
    found = [unit for unit in reference.units.all() if unit.district == DISTRICT and unit.kind == "street"]
    busy = [unit for unit in found if unit.short[0] == _BUSY_STREET]
    return [*busy * _OFTEN, *[unit for unit in found if unit not in busy][:_STREETS]]


def phone(number: int) -> str:
    """Return a telephone number that nobody has: 199 0000 and a count."""
    return f"1990000{number:04d}"


def order_in(content: Content, index: int, street: UnitEntry, channel: str, chance: random.Random) -> OrderIn:
    """Return what resident number ``index`` reports."""
    code, kind, words = content.requests[index % len(content.requests)]
    anonymous = chance.random() < 0.08
    return OrderIn(
        description=words,
        request_type=kind,
        matter_code=code,
        place=PlaceOut(
            district=DISTRICT,
            street=street.short[0],
            community=chance.choice(content.talks["places"]),
            detail=f"{chance.randint(1, 36)}号楼{chance.randint(1, 6)}单元",
        ),
        contact_phone=None if anonymous else phone(index),
        contact_name=None if anonymous else f"{chance.choice(content.talks['surnames'])}示例",
        anonymous=anonymous,
        channel=channel,
    )
