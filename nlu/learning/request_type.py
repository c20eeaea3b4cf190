"""Train the n-gram weights of nlu.request_type from the project's own sentences: ``python -m nlu.learning.request_type``.

A softmax regression over character n-grams whose starting point is what the hand-set cues say, so that it learns only what
they miss. A fifth of the sentences, chosen by hash, is held out and only counted.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from nlu.files import data_path
from nlu.request_type import NAMES, cue_scores, ngrams
from nlu.text import normalise

Array = NDArray[np.float64]
_RARE = 2
_PENALTY = 6.0
_SHRINK = 0.7  # how far the n-grams are believed beside the cues: our sentences are shorter and plainer than real messages
_MORE_SUGGESTIONS = 0.3  # log-odds: real messages suggest more often than ours
_SMALLEST = 0.05


def sentences() -> list[tuple[str, str]]:
    """Return the project's sentences as (text, request type)."""
    with data_path("reading", "request_type.yml").open(encoding="utf-8") as handle:
        data = yaml.safe_load(handle)
    return [(normalise(line), name) for name in NAMES for line in data[name].splitlines() if line.strip()]


def held_out(text: str) -> bool:
    """Return whether ``text`` belongs to the fifth that is never trained on."""
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % 5 == 0


def _matrix(texts: Sequence[str], vocabulary: dict[str, int]) -> csr_matrix:
    rows, columns, values = [], [], []
    for row, text in enumerate(texts):
        found = [vocabulary[gram] for gram in ngrams(text) if gram in vocabulary]
        rows += [row] * len(found)
        columns += found
        values += [len(found) ** -0.5] * len(found)
    return csr_matrix((values, (rows, columns)), shape=(len(texts), len(vocabulary)))


def _softmax(scores: Array) -> Array:
    exponents = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True))


def _fit(features: csr_matrix, offsets: Array, labels: NDArray[np.int64], penalty: float) -> tuple[Array, Array]:
    """Return weights (n-gram x type) and biases (type) of the regression on top of ``offsets``."""
    count, classes = features.shape[1], len(NAMES)
    wanted = np.eye(classes)[labels]

    def loss(flat: Array) -> tuple[float, Array]:
        weights, bias = flat[:-classes].reshape(count, classes), flat[-classes:]
        chance = _softmax(features @ weights + offsets + bias)
        error = chance - wanted
        value = -np.log(np.maximum((chance * wanted).sum(axis=1), 1e-12)).sum() + (weights**2).sum() / (2 * penalty)
        gradient = np.concatenate([(features.T @ error + weights / penalty).ravel(), error.sum(axis=0)])
        return float(value), gradient

    result = minimize(loss, np.zeros((count + 1) * classes), jac=True, method="L-BFGS-B", options={"maxiter": 200})
    return result.x[:-classes].reshape(count, classes), result.x[-classes:]


def _vocabulary(texts: Sequence[str]) -> dict[str, int]:
    counts = Counter(gram for text in texts for gram in ngrams(text))
    return {gram: index for index, gram in enumerate(sorted(gram for gram, count in counts.items() if count >= _RARE))}


def train(rows: Sequence[tuple[str, str]]) -> tuple[dict[str, int], Array, Array]:
    """Return the vocabulary (n-gram to row), the weights (n-gram x type) and the biases (type) learnt from ``rows``."""
    texts = [text for text, _ in rows]
    labels = np.array([NAMES.index(name) for _, name in rows])
    vocabulary = _vocabulary(texts)
    offsets = np.array([cue_scores(text)[0] for text in texts])
    weights, bias = _fit(_matrix(texts, vocabulary), offsets, labels, _PENALTY)
    bias[NAMES.index("建议")] += _MORE_SUGGESTIONS / _SHRINK
    return vocabulary, weights * _SHRINK, bias * _SHRINK


def write(file: Path) -> None:
    """Train on four fifths of the sentences, report on the fifth held out, write the weights to ``file``."""
    rows = sentences()
    learn = [row for row in rows if not held_out(row[0])]
    check = [row for row in rows if held_out(row[0])]
    vocabulary, matrix, bias = train(learn)
    texts = [text for text, _ in check]
    guesses = (_matrix(texts, vocabulary) @ matrix + np.array([cue_scores(text)[0] for text in texts]) + bias).argmax(axis=1)
    right = sum(NAMES[guess] == name for guess, (_, name) in zip(guesses, check, strict=True))
    weights = {
        gram: [round(float(weight) * 100) for weight in matrix[index]]
        for gram, index in vocabulary.items()
        if abs(matrix[index]).max() >= _SMALLEST
    }
    head = json.dumps({"bias": [round(float(value), 3) for value in bias]})[:-1]
    lines = ",\n".join(
        f"{json.dumps(gram, ensure_ascii=False)}:{json.dumps(values, separators=(',', ':'))}" for gram, values in weights.items()
    )
    file.write_text(f'{head},"weights":{{\n{lines}\n}}}}\n', encoding="utf-8")
    sys.stderr.write(f"{len(learn)} sentences learnt, {right} of {len(check)} held out right, {len(weights)} n-grams\n")


if __name__ == "__main__":
    write(data_path("reading", "request_type_model.json"))
