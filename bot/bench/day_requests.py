"""The requests of a made-up day: what residents say, where, on which channel, and in how many turns."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from nlu.files import data_path

CHANNELS = ("web", "sms", "telegram", "phone", "import", "api")
_QUESTIONS = 0.35
_EMERGENCIES = 0.01
_SENT_TWICE = 0.05
_ESTATES = ("青禾里", "柳岸家园", "云杉苑", "知春小筑", "石榴院", "晴川里", "百灵小区", "松风庭", "月季园", "海棠湾")


@dataclass(frozen=True, slots=True)
class Request:
    """One request (诉求).

    ``told`` is how much a resident tells at once: 1 the matter, 2 the place too, 3 the phone number too; the rest follows when asked.
    """

    number: int
    channel: str
    kind: str
    """``matter``, ``question`` or ``emergency``."""
    text: str
    matter: str | None
    request_type: str | None
    district: str
    street: str
    place: str
    phone: str
    told: int
    twice: bool
    """The first message arrives twice, as a provider sends it again whose connection broke."""

    def parts(self) -> list[str]:
        """Return what is told, in the order and the pieces in which it is told."""
        if self.kind != "matter":
            return [self.text]
        pieces = [self.text, f"在{self.place}", f"我的电话{self.phone}"]
        return ["，".join(pieces[: self.told]), *pieces[self.told :]]


def a_day(count: int, shares: Mapping[str, float], streets: list[tuple[str, str]], seed: int = 12345) -> Iterator[Request]:
    """Yield ``count`` requests, channels drawn by ``shares``; ``streets`` are (district, street). The same every time."""
    chance = random.Random(seed)  # noqa: S311 - a benchmark has to be the same every time
    demo = yaml.safe_load(data_path("demo", "requests.yml").read_text(encoding="utf-8"))
    talks = yaml.safe_load(data_path("demo", "talks.yml").read_text(encoding="utf-8"))
    dangers = [each["text"] for each in talks["emergencies"]]
    for number in range(count):
        draw = chance.random()
        matter, request_type, text = chance.choice(demo["requests"])
        kind = "matter"
        if draw < _EMERGENCIES:
            kind, matter, request_type, text = "emergency", None, None, chance.choice(dangers)
        elif draw < _EMERGENCIES + _QUESTIONS:
            kind, matter, request_type, text = "question", None, "咨询", chance.choice(talks["questions"])
        district, street = chance.choice(streets)
        yield Request(
            number,
            chance.choices(list(shares), list(shares.values()))[0],
            kind,
            text.rstrip("。"),
            matter,
            request_type,
            district,
            street,
            f"{district}{street}{chance.choice(_ESTATES)}{chance.randint(1, 40)}号楼",
            f"139{number:08d}",
            chance.randint(1, 3),
            chance.random() < _SENT_TWICE,
        )
