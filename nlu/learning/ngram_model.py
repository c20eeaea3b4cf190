"""Training linear models over character n-grams and writing them for nlu.ngrams."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from nlu.ngrams import ngrams

Array = NDArray[np.float64]


def held_out(text: str) -> bool:
    """Return whether ``text`` belongs to the fifth of our sentences, chosen by hash, that is never trained on."""
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % 5 == 0


def vocabulary(texts: Sequence[str], rarest: int = 2) -> dict[str, int]:
    """Return the n-grams that occur in at least ``rarest`` texts, each with its row in the weights."""
    counts = Counter(gram for text in texts for gram in ngrams(text))
    return {gram: index for index, gram in enumerate(sorted(gram for gram, count in counts.items() if count >= rarest))}


def matrix(texts: Sequence[str], known: dict[str, int]) -> csr_matrix:
    """Return texts x n-grams, every row of length one."""
    rows, columns, values = [], [], []
    for row, text in enumerate(texts):
        found = [known[gram] for gram in ngrams(text) if gram in known]
        rows += [row] * len(found)
        columns += found
        values += [len(found) ** -0.5] * len(found)
    return csr_matrix((values, (rows, columns)), shape=(len(texts), len(known)))


def _softmax(scores: Array) -> Array:
    exponents = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(exponents / exponents.sum(axis=1, keepdims=True))


def fit(
    features: csr_matrix, labels: NDArray[np.int64], classes: int, *, penalty: float, offsets: Array | None = None
) -> tuple[Array, Array]:
    """Return weights (n-gram x class) and biases (class) of a softmax regression that starts from ``offsets`` (text x class)."""
    count = features.shape[1]
    wanted = np.eye(classes)[labels]
    start = np.zeros(wanted.shape) if offsets is None else offsets

    def loss(flat: Array) -> tuple[float, Array]:
        weights, bias = flat[:-classes].reshape(count, classes), flat[-classes:]
        chance = _softmax(features @ weights + start + bias)
        error = chance - wanted
        value = -np.log(np.maximum((chance * wanted).sum(axis=1), 1e-12)).sum() + (weights**2).sum() / (2 * penalty)
        return float(value), np.concatenate([(features.T @ error + weights / penalty).ravel(), error.sum(axis=0)])

    result = minimize(loss, np.zeros((count + 1) * classes), jac=True, method="L-BFGS-B", options={"maxiter": 200})
    return result.x[:-classes].reshape(count, classes), result.x[-classes:]


def write(file: Path, known: dict[str, int], weights: Array, bias: Array, *, smallest: float = 0.05) -> int:
    """Write the model for nlu.ngrams, without n-grams whose weights are all below ``smallest``; return how many n-grams it keeps."""
    kept = {
        gram: [round(float(weight) * 100) for weight in weights[index]]
        for gram, index in known.items()
        if abs(weights[index]).max() >= smallest
    }
    head = json.dumps({"bias": [round(float(value), 3) for value in bias]})[:-1]
    lines = ",\n".join(
        f"{json.dumps(gram, ensure_ascii=False)}:{json.dumps(values, separators=(',', ':'))}" for gram, values in kept.items()
    )
    file.write_text(f'{head},"weights":{{\n{lines}\n}}}}\n', encoding="utf-8")
    return len(kept)
