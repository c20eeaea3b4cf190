"""Train the n-gram weights of nlu.request_type: ``python -m nlu.learning.request_type [messages_request_type.csv]``.

From the project's own sentences: a softmax regression over character n-grams whose starting point is what the hand-set cues
say, so that it learns only what they miss. From real messages, where their file is given: a linear SVM that tells 咨询, 建言 and
投诉/求助 apart. A fifth of either, chosen by hash, is held out and only counted.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import yaml
from sklearn.svm import LinearSVC

from nlu.files import data_path
from nlu.learning.ngram_model import Array, fit, held_out, matrix, vocabulary
from nlu.learning.ngram_model import write as write_model
from nlu.request_type import BROAD, BROAD_OF, NAMES, classify, cue_scores
from nlu.text import normalise

_PENALTY = 6.0
_SHRINK = 0.7  # how far the n-grams are believed beside the cues: our sentences are shorter and plainer than real messages
_MORE_SUGGESTIONS = 0.3  # log-odds: real messages suggest more often than ours

# Chosen by cross-validation on real messages that aren't set aside.
_RAREST = 3
_TRUST = 0.3  # the SVM's C
_KEPT = 20_000  # n-grams; with all 90,000 it is right no more often
_SHARPNESS = 1.5  # from margins to log-odds


def set_aside(number: str) -> bool:
    """Return whether a real message, by its id, belongs to the fifth that nothing here is learnt from or tuned on."""
    return int(hashlib.sha256(number.encode()).hexdigest(), 16) % 100 < 20


def real_messages(file: Path) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return (text, one of BROAD) of the real messages to learn from and of those set aside; no text is in both."""
    csv.field_size_limit(2**31 - 1)
    with file.open(encoding="utf-8-sig", newline="") as handle:
        rows = [(row["id"], row["text"], row["request_type"]) for row in csv.DictReader(handle)]
    aside = [(text, name) for number, text, name in rows if set_aside(number)]
    known = {text for text, _ in aside}
    return [(text, name) for number, text, name in rows if not set_aside(number) and text not in known], aside


def sentences() -> list[tuple[str, str]]:
    """Return the project's sentences as (text, request type)."""
    with data_path("reading", "request_type.yml").open(encoding="utf-8") as handle:
        data = yaml.safe_load(handle)
    return [(normalise(line), name) for name in NAMES for line in data[name].splitlines() if line.strip()]


def write(file: Path) -> None:
    """Train on four fifths of the sentences, report on the fifth held out, write the weights to ``file``."""
    rows = sentences()
    texts = [text for text, _ in rows if not held_out(text)]
    labels = np.array([NAMES.index(name) for text, name in rows if not held_out(text)])
    known = vocabulary(texts)
    cues = np.array([cue_scores(text)[0] for text in texts])
    weights, bias = fit(matrix(texts, known), labels, len(NAMES), penalty=_PENALTY, offsets=cues)
    weights, bias = weights * _SHRINK, bias * _SHRINK
    bias[NAMES.index("建议")] += _MORE_SUGGESTIONS
    check = [row for row in rows if held_out(row[0])]
    scores = matrix([text for text, _ in check], known) @ weights + np.array([cue_scores(text)[0] for text, _ in check]) + bias
    right = sum(NAMES[guess] == name for guess, (_, name) in zip(scores.argmax(axis=1), check, strict=True))
    kept = write_model(file, known, weights, bias)
    sys.stderr.write(f"{len(texts)} sentences learnt, {right} of {len(check)} held out right, {kept} n-grams\n")


def _weighted(table: sp.csr_matrix, rarity: Array, columns: Iterable[int]) -> sp.csr_matrix:
    """Return the given columns of a table of present n-grams as nlu.ngrams will see them, times how rare each is."""
    chosen = np.fromiter(columns, dtype=np.int64)
    part = table[:, chosen]
    sizes = np.maximum(np.asarray(part.sum(axis=1)).ravel(), 1)
    return (sp.diags(sizes**-0.5) @ part @ sp.diags(rarity[chosen])).tocsr()


def write_real(messages: Path, file: Path) -> None:
    """Train on the real messages that aren't set aside, write the weights to ``file``, report on those set aside."""
    rows, aside = real_messages(messages)
    texts = [normalise(text) for text, _ in rows]
    truth = np.array([BROAD.index(name) for _, name in rows])
    known = vocabulary(texts, _RAREST)
    table = matrix(texts, known)
    table.data[:] = 1.0
    rarity = (np.log(len(texts) / np.asarray(table.sum(axis=0)).ravel()) + 1) / 5
    every = np.arange(len(known))
    first = LinearSVC(C=_TRUST, random_state=0).fit(_weighted(table, rarity, every), truth)
    kept = np.sort(np.argsort(-np.abs(first.coef_ * rarity).max(axis=0))[:_KEPT])
    model = LinearSVC(C=_TRUST, random_state=0).fit(_weighted(table, rarity, kept), truth)
    names = list(known)
    weights = (model.coef_ * rarity[kept]).T * _SHARPNESS
    size = write_model(file, {names[column]: row for row, column in enumerate(kept)}, weights, model.intercept_ * _SHARPNESS, smallest=0.0)
    right = sum(BROAD_OF.get(classify(text).name or "") == name for text, name in aside)
    sys.stderr.write(f"{len(rows)} real messages learnt, {right} of {len(aside)} set aside right, {size} n-grams\n")


if __name__ == "__main__":
    write(data_path("reading", "request_type_model.json"))
    if len(sys.argv) > 1:
        write_real(Path(sys.argv[1]), data_path("reading", "request_type_real_model.json"))
