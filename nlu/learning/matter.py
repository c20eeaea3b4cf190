"""Train what real messages teach about matters: ``python -m nlu.learning.matter FOLDER`` (the folder with the real messages).

The messages stay where they are. ``data/reading/matter_labels.csv`` names 7,687 of them by a digest and says which items of the
catalogue somebody who read them would dispatch them by, best first (``-`` for none); those of the part ``test`` were drawn and
labelled before anything was learnt from the others, and are only counted here. What is learnt is the difference between the label
and what the catalogue's own sentences say (nlu.matter), as weights of characters and pairs; the catalogue's sentences are learnt
again beside the messages, so that what is rare in one city's mail isn't forgotten, and so are small talk and mere urging
(``matter_nothing.txt``), which are about nothing.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from scipy import sparse
from scipy.optimize import minimize
from sklearn.model_selection import KFold

from nlu import place
from nlu.files import data_path
from nlu.matter import MatterMatcher, cleaned, leads
from nlu.matter_model import GramTable, MatterProfile, Vector, about_nothing, ridge, training_lines
from nlu.subject import said, subject

NOTHING = "-"
_ABOUT_NOTHING = {"greet", "thank", "goodbye", "chitchat", "repeat", "affirm", "deny", "request_human", "dont_know", "cancel"}
_SOURCES = (
    ("messages_request_type.csv", "id", ("text",)),
    ("hotline_tickets.csv", "ticket_no", ("text_citizen",)),
    ("messages_hotspot.csv", "msg_id", ("title", "detail")),
)
_PENALTY = 0.5  # by cross-validation on the messages that are learnt from
_BELIEVED = 0.8  # of what was learnt: with all of it our own fresh sentences are read worse, other messages hardly better
_RAREST = 2
_STEPS = 127  # of the int8 that the largest weight becomes
_SMALLEST = 2  # steps; what is smaller changes nothing but the size of the file


@dataclass(frozen=True, slots=True)
class Labelled:
    """A real message, what of it says the matter, and the codes that are right, best first."""

    text: str
    codes: tuple[str, ...]
    held_out: bool


def digest(file: str, number: str) -> str:
    """Return the 16 hexadecimal digits by which a message is named in the labels."""
    return hashlib.sha256(f"{file}:{number}".encode()).hexdigest()[:16]


def labelled(folder: Path) -> list[Labelled]:
    """Return the labelled messages found in ``folder``. Raises FileNotFoundError where one of its files is missing."""
    with data_path("reading", "matter_labels.csv").open(encoding="utf-8", newline="") as handle:
        labels = {row["message"]: row for row in csv.DictReader(handle)}
    return [
        Labelled(text, () if row["codes"] == NOTHING else tuple(row["codes"].split()), row["part"] == "test")
        for name, text in _messages(folder)
        if (row := labels.get(name))
    ]


def _messages(folder: Path) -> Iterator[tuple[str, str]]:
    csv.field_size_limit(2**31 - 1)
    for file, number, columns in _SOURCES:
        with (folder / file).open(encoding="utf-8-sig", newline="") as handle:
            for row in csv.DictReader(handle):
                yield digest(file, row[number]), "。".join(row[column].strip() for column in columns)


def about(text: str) -> str:
    """Return what of a message nlu.matter gets to read, as dispatch.understanding does."""
    return subject(text, place.resolve(said(text)))


def profiles() -> list[MatterProfile]:
    """Return the items of the catalogue that comes with the project."""
    found = []
    for file in sorted(data_path("catalogue").glob("*.yml")):
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        for item in content["items"]:
            texts = (tuple(item.get(key) or ()) for key in ("synonyms", "negative_hints", "examples"))
            found.append(MatterProfile(item["code"], item["name"], content["group"]["name"], item["description"], *texts))
    return found


def small_talk() -> list[str]:
    """Return sentences that are about no matter at all, of ours and of the assistant's training data."""
    found = about_nothing()
    for file in sorted(data_path("nlu").glob("*.yml")):
        for entry in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]:
            if entry.get("intent") in _ABOUT_NOTHING:
                found += [line.removeprefix("- ").strip() for line in entry["examples"].splitlines() if line.strip()]
    return found


def _targets(rows: Sequence[Labelled], position: dict[str, int]) -> Vector:
    wanted = np.zeros((len(rows), len(position)), dtype=np.float32)
    for i, row in enumerate(rows):
        if row.codes:
            wanted[i, position[row.codes[0]]] = 1.0
    return wanted


def _right(readings: Vector, rows: Sequence[Labelled], codes: Sequence[str], among: int = 1) -> float:
    named = [(reading, row) for reading, row in zip(readings, rows, strict=True) if row.codes]
    hits = sum(any(codes[k] in row.codes for k in np.argsort(-reading)[:among]) for reading, row in named)
    return hits / len(named)


def _fit_chance(readings: Vector, rows: Sequence[Labelled], codes: Sequence[str]) -> list[float]:
    """Return the three numbers of nlu.matter's calibration that fit ``readings`` best."""
    highest, lead = leads(readings)
    right = np.array([bool(row.codes) and codes[k] in row.codes for k, row in zip(readings.argmax(axis=1), rows, strict=True)], dtype=float)

    def loss(numbers: Vector) -> float:
        chance = 1 / (1 + np.exp(-(numbers[0] * highest + numbers[1] * lead + numbers[2])))
        return float(-(right * np.log(chance + 1e-9) + (1 - right) * np.log(1 - chance + 1e-9)).mean())

    return [round(float(number), 2) for number in minimize(loss, np.array([4.0, 8.0, -1.0]), method="Nelder-Mead").x]


def main(folder: Path) -> None:
    """Learn from the labelled messages in ``folder``, write the weights, and say on standard error how well the held-out ones are read."""
    items = profiles()
    codes = [item.code for item in items]
    position = {code: i for i, code in enumerate(codes)}
    matcher = MatterMatcher(items, experienced=False)
    everything = labelled(folder)
    rows, aside = [row for row in everything if not row.held_out], [row for row in everything if row.held_out]
    texts = [cleaned(about(row.text)) for row in rows]
    before = np.stack([matcher.reading(text) for text in texts])
    missing = _targets(rows, position) - before
    own = [Labelled(line, (codes[owner],), False) for line, owner in zip(*training_lines(items), strict=True)]
    own += [Labelled(line, (), False) for line in small_talk()]
    own_texts = [cleaned(row.text) for row in own]
    own_missing = _targets(own, position) - np.stack([matcher.reading(text) for text in own_texts])
    table = GramTable.of([*texts, *own_texts], _RAREST)
    features, own_features = table.matrix(texts), table.matrix(own_texts)

    def learn(chosen: Sequence[int]) -> Vector:
        both = sparse.vstack([features[chosen], own_features]).tocsr()
        return _BELIEVED * ridge(both, np.vstack([missing[chosen], own_missing]), _PENALTY)

    checked = np.zeros_like(before)
    for others, part in KFold(5, shuffle=True, random_state=0).split(texts):
        checked[part] = before[part] + features[part] @ learn(others)
    weights = learn(range(len(texts)))
    scale = float(np.abs(weights).max()) / _STEPS
    small = np.round(weights / scale).astype(np.int8)
    small[np.abs(small) < _SMALLEST] = 0
    file = data_path("reading", "matter_real_model.npz")
    np.savez_compressed(
        file,
        grams=np.array("\n".join(table.column)),
        rarity=table.rarity.astype(np.float16),
        codes=np.array(" ".join(codes)),
        weights=small,
        scale=np.array(scale),
    )
    unseen = [cleaned(about(row.text)) for row in aside]
    first = np.stack([matcher.reading(text) for text in unseen])
    after = first + table.matrix(unseen) @ (small * np.float32(scale))
    report = [
        f"{len(rows)} messages learnt, {len(aside)} held out, {len(table.column)} grams, {file.stat().st_size / 1e6:.1f} MB",
        f"cross-validated: {_right(before, rows, codes):.3f} without, {_right(checked, rows, codes):.3f} with",
        f"calibration: {_fit_chance(checked, rows, codes)}",
        f"held out: {_right(first, aside, codes):.3f} without, {_right(after, aside, codes):.3f} with,"
        f" among three {_right(after, aside, codes, 3):.3f}",
    ]
    sys.stderr.write("\n".join(report) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
