"""Train what nlu.emergency decides by: ``python -m nlu.learning.emergency [<folder of real complaints>]``.

A softmax regression over character n-grams and what the signs found: no danger, or the lines to ring. It learns from our own
emergency sentences (data/emergency/sentences and those of tests/nlu/emergency_sentences.yml that aren't held out), from requests of
our own without danger, and from the half of the real complaints for which ``real_held_out`` is false, whose words are not kept.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import yaml
from scipy.sparse import csr_matrix

from nlu.emergency.detection import find, markers, worth_reading
from nlu.emergency.lexicon import load
from nlu.emergency.model import CLASSES, breath, danger, features
from nlu.files import data_path
from nlu.learning.ngram_model import Array, fit, held_out
from nlu.learning.request_type import sentences as requests
from nlu.learning.survey_reply import sentences as answers
from nlu.text import normalise

REAL = (
    ("messages_request_type.csv", "text"),
    ("hotline_tickets.csv", "text_citizen"),
    ("messages_topic7.csv", "detail"),
    ("messages_replies.csv", "detail"),
    ("messages_hotspot.csv", "detail"),
)
"""Files of real complaints and the column of the message."""
THRESHOLDS = (-2.1, -1.0, 0.5)
"""Log-odds of danger from which a short, a middling and a long message ring, as low as one false alarm in 1,000 real complaints allows."""
_PENALTY = 40.0
_TIMES = 4
"""Danger is rare: every sentence that tells of it counts as this many."""
_LEARNT = 6000
"""Of the half of the real complaints as many are learnt from; of the rest only what misleads a model that has learnt from these."""
_MISLEADING = -3.0
"""Log-odds of danger from which a harmless piece is worth learning from."""
_PIECES = 4
"""Of a real complaint no more pieces than this are learnt from."""
_RAREST, _RAREST_REAL = 2, 60
_SMALLEST = 0.15
_HAZARDS = {"0504", "0601", "0806", "0815", "1616", "1822", "1928", "2304", "2308", "2312"}
"""Matters whose examples may tell of present danger: 燃气泄漏, 电梯故障, 家庭暴力, 走失寻人 and their like."""
_ENTITY = re.compile(r"\[([^\]]*)\](?:\([^)]*\)|\{[^}]*\})")
_OLD_SENTENCES = data_path().parent / "tests" / "nlu" / "emergency_sentences.yml"

_SCORES = frozenset(f"#{score}" for score in range(-4, 7))

Row = tuple[dict[str, float], int]


def real_held_out(text: str) -> bool:
    """Return whether a real complaint belongs to the half, chosen by hash, that is only measured on."""
    return hashlib.sha256(text.encode()).digest()[0] % 2 == 0


def own_sentences() -> list[tuple[str, str]]:
    """Return the sentences of data/emergency/sentences as (text, class)."""
    texts = []
    for file in sorted(data_path("emergency", "sentences").glob("*.yml")):
        groups = yaml.safe_load(file.read_text(encoding="utf-8"))
        texts += [(text, _class(lines)) for lines, group in groups.items() for text in group]
    return texts


def old_sentences() -> list[tuple[str, str]]:
    """Return the sentences by which the signs were written and that aren't held out as (text, class)."""
    groups = yaml.safe_load(_OLD_SENTENCES.read_text(encoding="utf-8"))
    return [(text, _class(lines)) for lines, texts in groups.items() for text in texts if not held_out(text)]


def _class(lines: str) -> str:
    return "110 119 120" if lines == "119 110 120" else lines


def talk_of_our_own() -> list[str]:
    """Return what residents say to the assistant without any danger: the examples of its intents, marks of entities left out,
    our sentences for the ways of Art. 12 but for threats, and the answers to a callback."""
    texts = []
    for file in sorted(data_path("nlu").glob("*.yml")):
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]:
            if "emergency" not in group.get("intent", "emergency"):
                lines = str(group.get("examples", "")).splitlines()
                texts += [_ENTITY.sub(r"\1", line.removeprefix("- ").strip()) for line in lines]
    ways = yaml.safe_load(data_path("reading", "handling_sentences.yml").read_text(encoding="utf-8"))
    texts += [line.strip() for way, lines in ways.items() if way not in ("stability", "emergency") for line in lines.splitlines()]
    texts += [text for text, _ in answers()]
    return [text for text in texts if text and not text.startswith("!") and not held_out(text)]


def requests_of_our_own() -> list[tuple[str, str]]:
    """Return requests without danger: those of nlu.request_type and the catalogue's examples, but for matters that may be dangerous."""
    texts = [text for text, _ in requests()]
    for file in sorted(data_path("catalogue").glob("*.yml")):
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        texts += [example for item in content.get("items", ()) if item["code"] not in _HAZARDS for example in item.get("examples", ())]
    return [(text, "none") for text in texts if not held_out(text)]


def real_complaints(folder: Path, *, measured: bool = False) -> list[str]:
    """Return the real complaints to learn from, or those only to be measured on."""
    csv.field_size_limit(10**8)
    texts: dict[str, None] = {}
    for name, column in REAL:
        with (folder / name).open(encoding="utf-8", newline="") as handle:
            texts.update(dict.fromkeys(row[column] for row in csv.DictReader(handle)))
    return [text for text in texts if real_held_out(text) == measured]


def row(text: str, label: str) -> list[Row]:
    """Return the rows of a sentence: one for a short one, for a longer one without danger one a piece, with danger its last."""
    text = load().correct(normalise(text))
    masked = load().mask(text)
    read = [(features(piece, markers(own)), CLASSES.index(label)) for _, piece, own in worth_reading(masked, find(text, masked))]
    return read[-1:] if label != "none" and len(text) > breath(text) else read


def old_rows() -> list[Row]:
    """Return the rows of the old sentences without what the signs found: the signs were written by them, so there they are always right."""
    rows = [read for text, label in old_sentences() for read in row(text, label)]
    return [({name: value for name, value in names.items() if not is_marker(name)}, kind) for names, kind in rows]


def is_marker(name: str) -> bool:
    """Return whether a feature says what the signs found."""
    return (name.startswith("#") and len(name) > 3) or name in _SCORES


def real_rows(texts: Sequence[str]) -> tuple[list[Row], list[Row]]:
    """Return the rows of real complaints, no danger anywhere: the first few of each, and the others."""
    rows = [row(text, "none") for text in texts]
    return [read for own in rows for read in own[:_PIECES]], [read for own in rows for read in own[_PIECES:]]


def _misleading(rows: Sequence[Row], known: dict[str, int], weights: Array, bias: Array) -> list[Row]:
    """Return those of ``rows``, none of which tells of danger, that a model takes for dangerous or nearly so."""
    chosen = []
    for read in rows:
        scores = bias + sum((weights[known[name]] * value for name, value in read[0].items() if name in known), np.zeros(len(CLASSES)))
        if danger(scores.tolist()) > _MISLEADING:
            chosen.append(read)
    return chosen


def learn(ours: Sequence[Row], real: Sequence[Row]) -> tuple[dict[str, int], Array, Array]:
    """Return the vocabulary, the weights (feature x class) and the biases."""
    own_counts = Counter(name for names, _ in ours for name in names)
    real_counts = Counter(name for names, _ in real for name in names)
    frequent = {name for name, count in real_counts.items() if count >= _RAREST_REAL}
    kept = sorted(frequent | {name for name, count in own_counts.items() if count >= _RAREST})
    known = {name: index for index, name in enumerate(kept)}
    rows = [read for read in ours for _ in range(_TIMES if read[1] else 1)] + list(real)
    indices, starts, values = [], [0], []
    for names, _ in rows:
        found = [(known[name], value) for name, value in names.items() if name in known]
        indices += [index for index, _ in found]
        values += [value for _, value in found]
        starts.append(len(indices))
    matrix = csr_matrix((values, indices, starts), shape=(len(rows), len(known)))
    weights, bias = fit(matrix, np.array([kind for _, kind in rows]), len(CLASSES), penalty=_PENALTY)
    return known, weights, bias


def write(file: Path, folder: Path) -> None:
    """Train on our sentences and the real complaints in ``folder`` and write the weights to ``file``."""
    talk = [(text, "none") for text in talk_of_our_own()]
    ours = [read for text, label in own_sentences() + requests_of_our_own() + talk for read in row(text, label)] + old_rows()
    complaints = real_complaints(folder)
    real, more = real_rows(complaints[:_LEARNT])
    known, weights, bias = learn(ours, real)
    real += _misleading([*more, *chain(*real_rows(complaints[_LEARNT:]))], known, weights, bias)
    known, weights, bias = learn(ours, real)
    kept = {name: [round(float(w) * 100) for w in weights[i]] for name, i in known.items() if abs(weights[i]).max() >= _SMALLEST}
    head = json.dumps({"bias": [round(float(value), 3) for value in bias], "thresholds": THRESHOLDS})[:-1]
    lines = ",\n".join(f"{json.dumps(name, ensure_ascii=False)}:{json.dumps(w, separators=(',', ':'))}" for name, w in kept.items())
    file.write_text(f'{head},"weights":{{\n{lines}\n}}}}\n', encoding="utf-8")
    sys.stderr.write(f"{len(ours)} rows of ours and {len(real)} real ones learnt, {len(kept)} features\n")


if __name__ == "__main__":
    write(data_path("emergency", "model.json"), Path(sys.argv[1]))
