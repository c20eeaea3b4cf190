"""The two linear models behind nlu.matter: what a catalogue says of its matters, and what real messages taught beyond it.

Both read characters and pairs of neighbouring characters, weighted by how rare they are.
"""

from __future__ import annotations

import hashlib
import logging
import math
import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from nlu.files import data_path
from nlu.text import normalise
from nlu.threads import one_thread

Vector = NDArray[np.floating[Any]]

_UNREADABLE = re.compile(r"[^\u3400-\u9fffa-z0-9]+")
_RIDGE = 2.0
_PHRASES_A_LINE = 8
_KEPT = 3  # models of different catalogues
_FORMAT = 2  # of a kept model; another number makes older files worthless

_STEPS = 127  # of the int8 that the largest weight becomes

_DAMPED = np.concatenate([[0.0], 1 + np.log(np.arange(1, 512))]).astype(np.float32)
"""What a gram counts for that occurs so many times in a text."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MatterProfile:
    """What the matcher must know of one item of the catalogue."""

    code: str
    name: str
    group: str
    description: str
    synonyms: tuple[str, ...]
    negative_hints: tuple[str, ...]
    examples: tuple[str, ...]


def grams(text: str) -> list[str]:
    """Return the characters of ``text`` that can be read, and each pair of neighbours."""
    found: list[str] = []
    for run in _UNREADABLE.split(text):
        found += run
        found += map(add, run, run[1:])
    return found


class GramTable:
    """Which grams are known, in which column, and how much each weighs (inverse document frequency)."""

    def __init__(self, known: Sequence[str], rarity: Vector) -> None:
        self.column = {gram: i for i, gram in enumerate(known)}
        self.rarity = rarity

    @classmethod
    def of(cls, lines: Sequence[str], rarest: int = 1) -> GramTable:
        """Return the table of the grams that occur in at least ``rarest`` of ``lines``."""
        frequency = Counter(gram for line in lines for gram in set(grams(line)))
        kept = {gram: count for gram, count in frequency.items() if count >= rarest}
        return cls(list(kept), np.array([math.log((1 + len(lines)) / (1 + n)) + 1 for n in kept.values()], dtype=np.float32))

    def columns(self, text: str) -> list[int]:
        """Return the column of each known gram of ``text``, as often as it occurs."""
        return [column for column in map(self.column.get, grams(text)) if column is not None]

    def features(self, columns: Sequence[int]) -> tuple[NDArray[np.int32], Vector]:
        """Return the different ones of ``columns`` and their values, a vector of length 1."""
        different, counts = np.unique(np.array(columns, dtype=np.int32), return_counts=True)
        values = (1 + np.log(counts)).astype(np.float32) * self.rarity[different]
        length = float(np.sqrt(values @ values))
        return different, (values / length if length else values).astype(np.float32)

    def matrix(self, lines: Sequence[str]) -> sparse.csr_matrix:
        """Return the features of ``lines`` (lines, grams)."""
        rows = [self.features(self.columns(line)) for line in lines]
        indptr = np.cumsum([0, *(len(columns) for columns, _ in rows)])
        values, columns = np.concatenate([values for _, values in rows]), np.concatenate([columns for columns, _ in rows])
        return sparse.csr_matrix((values, columns, indptr), shape=(len(rows), len(self.column)), dtype=np.float32)


def ridge(features: sparse.csr_matrix, targets: Vector, penalty: float | Vector) -> Vector:
    """Return the weights (grams, matters) of least squares with a ridge, solved in one step over the lines.

    ``penalty`` may be one a line: the higher, the less the line is believed.
    """
    kernel = (features @ features.T).toarray()
    kernel[np.diag_indices_from(kernel)] += penalty
    factor = linalg.cho_factor(kernel, lower=True, overwrite_a=True, check_finite=False)
    return np.ascontiguousarray(features.T @ linalg.cho_solve(factor, targets, check_finite=False), dtype=np.float32)


class CatalogueModel:
    """Reads a text by the names, descriptions, phrases and examples of one catalogue."""

    def __init__(self, table: GramTable, weights: Vector) -> None:
        self.table = table
        self.weights = weights  # (grams, matters)

    @classmethod
    def of(cls, profiles: Sequence[MatterProfile], kept_in: Path | None = None) -> CatalogueModel:
        """Return the model of ``profiles``: the one kept in the folder ``kept_in`` if there is one, else it is fitted, and kept there."""
        file = kept_in / f"matter-{_fingerprint(profiles)}.npz" if kept_in else None
        if file and (kept := cls._load(file)):
            return kept
        own, owners = training_lines(profiles)
        lines = [*own, *about_nothing()]
        table = GramTable.of(lines)
        targets = np.zeros((len(lines), len(profiles)), dtype=np.float32)
        targets[np.arange(len(own)), owners] = 1.0
        # A matter with many examples isn't likelier than one with few: each of its lines is believed less.
        share = np.bincount(owners)[owners] / (len(own) / len(profiles))
        penalty = _RIDGE * np.concatenate([np.sqrt(share), np.ones(len(lines) - len(own))])
        model = cls(table, ridge(table.matrix(lines), targets, penalty.astype(np.float32)))
        if file:
            model._save(file)
        return model

    def similar(self, text: str) -> Vector:
        """Return each matter's reading of cleaned ``text``, about 0 to 1."""
        different, values = self.table.features(self.table.columns(text))
        result: Vector = values @ self.weights[different]
        return result

    def rounded(self) -> CatalogueModel:
        """Return the same model with its weights as ``arrays`` gives them."""
        return CatalogueModel(self.table, self.weights.astype(np.float16).astype(np.float32))

    def arrays(self) -> tuple[list[str], Vector, NDArray[np.float16]]:
        """Return the grams, how rare each is (grams,), and the weights (grams, matters), to be stored."""
        return list(self.table.column), self.table.rarity, self.weights.astype(np.float16)

    @classmethod
    def _load(cls, file: Path) -> CatalogueModel | None:
        try:
            with np.load(file, allow_pickle=False) as arrays:
                return cls(GramTable(str(arrays["grams"]).split("\n"), arrays["rarity"]), arrays["weights"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:  # half written, or of another release: fitted anew
            _log.warning("%s can't be read and is made anew: %s", file.name, error)
            return None

    def _save(self, file: Path) -> None:
        new = file.with_name(f".{file.name}.{id(self)}")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with new.open("wb") as handle:
                np.savez(handle, grams=np.array("\n".join(self.table.column)), rarity=self.table.rarity, weights=self.weights)
            new.replace(file)
            for old in sorted(file.parent.glob("matter-*.npz"), key=lambda each: each.stat().st_mtime)[:-_KEPT]:
                old.unlink(missing_ok=True)
        except OSError as error:  # a folder that can't be written: fitting again each time is only slower
            _log.info("the matter model isn't kept: %s", error)


@dataclass(frozen=True, slots=True)
class Experience:
    """What real messages, read and labelled by hand, taught beyond the catalogue (nlu.learning.matter): added to its reading."""

    table: GramTable
    weights: NDArray[np.int8]  # (grams, matters), in units of ``scale``
    scale: float

    @classmethod
    def shipped(cls, codes: Sequence[str]) -> Experience | None:
        """Return what comes with the project, for the matters ``codes``; one that it has never met gets nothing from it."""
        file = data_path("reading", "matter_real_model.npz")
        if not file.exists():
            return None
        with np.load(file, allow_pickle=False) as arrays:
            table = GramTable(str(arrays["grams"]).split("\n"), arrays["rarity"].astype(np.float32))
            position = {code: i for i, code in enumerate(str(arrays["codes"]).split())}
            learnt = arrays["weights"]
            chosen = np.zeros((len(learnt), len(codes)), dtype=np.int8)
            for i, code in enumerate(codes):
                if code in position:
                    chosen[:, i] = learnt[:, position[code]]
            return cls(table, chosen, float(arrays["scale"]))


class MatterModel:
    """Asks both models about all pieces of a message at once, so that each gram is looked up once."""

    def __init__(self, catalogue: CatalogueModel, experience: Experience | None) -> None:
        one_thread()
        # The catalogue's grams come first, so that they are the beginning of any sorted columns.
        self._column = dict(catalogue.table.column)
        self._size = len(self._column)
        self._rarity = catalogue.table.rarity
        # In bytes, each row in units of its own: a quarter of the memory to walk through, and no reading changes by as much as 0.005.
        self._unit = np.maximum(np.abs(catalogue.weights).max(axis=1), np.float32(1e-9)) / _STEPS
        self._weights = np.round(catalogue.weights / self._unit[:, np.newaxis]).astype(np.int8)
        matters = catalogue.weights.shape[1]
        own = [self._column.setdefault(gram, len(self._column)) for gram in experience.table.column] if experience else []
        self._learnt_rarity = np.zeros(len(self._column), dtype=np.float32)
        self._learnt = np.zeros((len(self._column), matters), dtype=np.int8)
        self._learnt_unit = np.float32(0)
        if experience:
            self._learnt_rarity[own], self._learnt[own], self._learnt_unit = (
                experience.table.rarity,
                experience.weights,
                np.float32(experience.scale),
            )

    def read(self, pieces: Sequence[str]) -> tuple[Vector, Vector]:
        """Return each matter's reading by the catalogue, about 0 to 1, and what experience adds to it.

        Both (pieces + 1, matters): a row for each of the cleaned ``pieces``, and the last for all of them together.
        """
        rows = [[column for column in map(self._column.get, grams(piece)) if column is not None] for piece in pieces]
        columns = np.fromiter(chain.from_iterable(rows), dtype=np.intp)
        different, position = np.unique(columns, return_inverse=True)
        cells = np.repeat(np.arange(len(rows)) * len(different), [len(row) for row in rows]) + position
        counts = np.bincount(cells, minlength=len(rows) * len(different)).reshape(len(rows), len(different))
        said = _DAMPED[np.minimum(np.vstack([counts, counts.sum(axis=0)]), len(_DAMPED) - 1)]
        own = different[: np.searchsorted(different, self._size)]
        similar = (_unit(said[:, : len(own)] * self._rarity[own]) * self._unit[own]) @ self._weights.take(own, axis=0).astype(np.float32)
        learnt = _unit(said * self._learnt_rarity[different]) @ self._learnt.take(different, axis=0).astype(np.float32)
        return similar, learnt * self._learnt_unit


def _unit(rows: Vector) -> Vector:
    """Return ``rows`` at length 1; one of zeros stays what it is."""
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    result: Vector = rows / np.where(lengths, lengths, 1)[:, np.newaxis]
    return result


def about_nothing() -> list[str]:
    """Return sentences of mere urging and of where and when, which are about no matter."""
    return data_path("reading", "matter_nothing.txt").read_text(encoding="utf-8").split()


def training_lines(profiles: Sequence[MatterProfile]) -> tuple[list[str], list[int]]:
    """Return the lines that a catalogue teaches with, and the position of the profile that each belongs to."""
    lines: list[str] = []
    owners: list[int] = []
    for k, profile in enumerate(profiles):
        phrases = [profile.synonyms[i : i + _PHRASES_A_LINE] for i in range(0, len(profile.synonyms), _PHRASES_A_LINE)]
        own = [f"{profile.name}，{profile.description}", *profile.examples, *("，".join(few) for few in phrases)]
        lines.extend(normalise(line).lower() for line in own)
        owners.extend([k] * len(own))
    return lines, owners


def _fingerprint(profiles: Sequence[MatterProfile]) -> str:
    """Return 16 hexadecimal digits that change with whatever the model learns from."""
    return hashlib.sha256(repr((_FORMAT, _RIDGE, _PHRASES_A_LINE, about_nothing(), tuple(profiles))).encode()).hexdigest()[:16]
