"""What a model of character n-grams makes of short messages in which no sign of danger is found.

Trained by ``python -m nlu.learning.emergency`` on our own sentences.
"""

from __future__ import annotations

import json
import math
import re
from functools import lru_cache

from nlu.emergency.lexicon import CLASSES
from nlu.files import data_path
from nlu.ngrams import NgramModel

LONGEST = 80
"""Sentences that it learnt from are shorter still: about longer messages it knows nothing."""
LEAST = 0.3
"""Danger is rare among the sentences that it learnt from, so a chance of one in three is already a lot."""
SURE = 0.5
"""From here on hardly a real complaint is left, whatever its context."""

_CLAUSES = re.compile(r"[^，,。！？!?；; \n]+")


@lru_cache(maxsize=1)
def _model() -> NgramModel:
    data = json.loads(data_path("emergency", "model.json").read_text(encoding="utf-8"))
    return NgramModel(data["bias"], data["weights"])


def read(text: str) -> tuple[str, str, float] | None:
    """Return (line, evidence, chance of danger 0..1) for normalised ``text``, None where danger is unlikely or the text long."""
    if not text or len(text) > LONGEST:
        return None
    chances = _chances(text)
    danger = 1 - chances[0]
    if danger < LEAST:
        return None
    line = max(CLASSES[1:], key=lambda name: chances[CLASSES.index(name)])
    clauses = _CLAUSES.findall(text) or [text]
    return line, max(clauses, key=lambda clause: 1 - _chances(clause)[0]), danger


def _chances(text: str) -> list[float]:
    scores = _model().scores(text)
    highest = max(scores)
    powers = [math.exp(score - highest) for score in scores]
    return [power / sum(powers) for power in powers]
