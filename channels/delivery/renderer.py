"""Making a message fit a channel: long texts split where sentences end, buttons that can't be shown written as numbered choices."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from channels import wording
from channels.channel import Limits, numbered
from channels.message import Button

_SENTENCE = re.compile(r"[^。！？；!?\n]*[。！？；!?\n]+[”』」）)]*\s*|[^。！？；!?\n]+", re.DOTALL)
_NUMERALS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_CHOICE = re.compile(r"(?:我?选|第|回复|按)?\s*(\d{1,2}|[一二三四五六七八九十])\s*(?:个|号|项)?[。.、，,!！]?")


@dataclass(frozen=True, slots=True)
class Piece:
    """One message as it goes out."""

    text: str
    buttons: tuple[Button, ...] = ()


def render(text: str, buttons: Sequence[Button], limits: Limits) -> list[Piece]:
    """Return the pieces that ``text`` with ``buttons`` makes on a channel with ``limits``; none is longer than allowed or empty."""
    choices = tuple(buttons)
    pieces = split(text.strip(), limits.characters)
    if not choices:
        return [Piece(piece) for piece in pieces]
    if not numbered(limits, choices):
        pieces = pieces or [wording.CHOOSE]
        return [*(Piece(piece) for piece in pieces[:-1]), Piece(pieces[-1], choices)]
    listed = wording.choices([button.title for button in choices])
    if pieces and units(pieces[-1]) + 1 + units(listed) <= limits.characters:
        pieces[-1] = f"{pieces[-1]}\n{listed}"
    else:
        pieces += split(listed, limits.characters)
    return [Piece(piece) for piece in pieces]


def split(text: str, limit: int) -> list[str]:
    """Return ``text`` in pieces of at most ``limit`` UTF-16 units: whole sentences where they fit, else cut; no word is lost."""
    pieces: list[str] = []
    current = ""
    for sentence in _SENTENCE.findall(text):
        for fragment in _cut(sentence, limit):
            if units(current) + units(fragment.rstrip()) > limit:
                pieces.append(current)
                current = ""
            current += fragment
    pieces.append(current)
    return [piece.strip() for piece in pieces if piece.strip()]


def units(text: str) -> int:
    """Return the length of ``text`` in UTF-16 units: a rare character or an emoji counts two."""
    return len(text) + sum(character > "\uffff" for character in text)


def chosen(buttons: Sequence[dict[str, str]], text: str) -> str | None:
    """Return the payload of the choice that ``text`` ("2", "二", "选2", a title) names, or None if it is something else."""
    said = text.strip()
    for button in buttons:
        if said == button["title"]:
            return button["payload"]
    match = _CHOICE.fullmatch(said)
    if match is None:
        return None
    number = _NUMERALS.get(match[1]) or int(match[1])
    return buttons[number - 1]["payload"] if 1 <= number <= len(buttons) else None


def _cut(sentence: str, limit: int) -> list[str]:
    """Return a sentence in fragments that fit, cut after a comma or a space where there is one in the last third."""
    fragments: list[str] = []
    rest = sentence
    while units(rest.rstrip()) > limit:
        end = _fitting(rest, limit)
        comma = max(rest.rfind(sign, end * 2 // 3, end) for sign in "，、,: ：")
        end = comma + 1 if comma > 0 else end
        fragments.append(rest[:end])
        rest = rest[end:]
    return [*fragments, rest]


def _fitting(text: str, limit: int) -> int:
    """Return how many characters of ``text`` fit into ``limit`` units, one at least."""
    used = 0
    for index, character in enumerate(text):
        used += 2 if character > "\uffff" else 1
        if used > limit:
            return max(index, 1)
    return len(text)
