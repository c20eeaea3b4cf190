"""What a caller has told, out of a conversation of two: the caller's own words, and the agent's where the caller agreed to them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nlu import emergency
from nlu.emergency import Emergency as Danger

LOW = 0.6
"""Confidence below which a segment counts as hardly heard."""
_SPEAKERS = {"caller": "市民", "agent": "话务员"}
_YES = re.compile(r"^(嗯+|对+|是的?|有的?|没错|对的|是啊|可不是|就是)[，。,.!！、啊呀嗯对是的有]*$")
_ASKING = re.compile(r"(是不是|有没有|对吗|对吧|是吗|是吧|吗|吧|呢)[？?。]*$|[？?]$")


@dataclass(frozen=True, slots=True)
class Turn:
    """One segment with its full words."""

    id: str
    speaker: str
    confidence: float
    text: str

    @property
    def low(self) -> bool:
        """Whether it was hardly heard."""
        return self.confidence < LOW


def told(turns: Sequence[Turn]) -> list[Turn]:
    """Return what the caller told, in order; where a caller only said yes, the agent's question stands as a statement."""
    found: list[Turn] = []
    asked: Turn | None = None
    for turn in turns:
        words = turn.text.strip()
        if turn.speaker == "agent":
            asked = turn
        elif words and _YES.match(words):
            if asked is not None and not turn.low and _ASKING.search(asked.text.strip()):
                found.append(Turn(turn.id, "agent", asked.confidence, _ASKING.sub("", asked.text.strip())))
            asked = None
        elif words:
            found.append(turn)
            asked = None
    return found


def danger(turns: Sequence[Turn]) -> tuple[Danger, str] | None:
    """Return the danger in what a caller told so far and the words in which it is; words hardly heard count as well.

    A phrase may be cut in two by a segment's end, so neighbours are read together too.
    """
    said = told(turns)
    for number, turn in enumerate(said):
        for words in (turn.text, said[number - 1].text + turn.text if number else ""):
            if words and (found := emergency.detect(words)):
                return found, words
    return None


def facts(turns: Sequence[Turn]) -> str:
    """Return what a caller told as the text of an order; what was hardly heard is marked."""
    return "\n".join(f"［听不清］{turn.text.strip()}" if turn.low else turn.text.strip() for turn in told(turns))


def clear_words(turns: Sequence[Turn]) -> str:
    """Return what a caller told and was heard well: what the call is understood by."""
    return "，".join(turn.text.strip().rstrip("。，,.") for turn in told(turns) if not turn.low)


def record(turns: Sequence[Turn]) -> str:
    """Return the whole call as its record."""
    spoken = (turn for turn in turns if turn.text.strip())
    return "\n".join(f"{_SPEAKERS[turn.speaker]}：{'［听不清］' if turn.low else ''}{turn.text.strip()}" for turn in spoken)


def well_heard(turns: Sequence[Turn]) -> bool:
    """Say whether most of what the caller told was heard."""
    said = told(turns)
    heard = sum(len(turn.text) for turn in said if not turn.low)
    return bool(said) and heard * 2 >= sum(len(turn.text) for turn in said)
