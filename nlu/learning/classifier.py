"""A text classifier that learns from labelled messages of any size and kind, and says how sure it is.

Several linear models look at different sides of a message (characters, words, formulas, meaning, nearness to the matters of our
own catalogue), and a small neural network at most of them. Which of them count, and how much, is decided by cross-validation inside
``fit``; the same cross-validation calibrates the probabilities. The linear models name the first label; the network makes the
runners-up better. An archive holds numbers and JSON only: loading one never runs code from it.
"""

from __future__ import annotations

import json
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import chi2
from sklearn.kernel_approximation import Nystroem
from sklearn.model_selection import StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC

from nlu.files import MODELS
from nlu.learning import features, matter
from nlu.matter import cleaned
from nlu.matter_model import CatalogueModel, GramTable

Progress = Callable[[str, float], None]
"""Called with what is being done and the share of the training that is finished, 0 to 1."""

FORMAT = "jsjb-text-classifier/3"
TOP = 3
_FOLDS = 5
_MAX_COMPARED_ROWS = 10_000  # models are compared on at most so many rows; the chosen ones then learn from all of them
_MAX_FEATURES = 300_000
_LANDMARKS = 600
_NETWORK_FEATURES = 20_000  # those that depend most on the label; more make the network slower and no better
_NETWORK_ROUNDS = 6  # through the training rows; with more it learns them by heart
_CATALOGUE_SCALE = 2.6  # makes a row of the catalogue's view about as long as the others'
_MAX_ARCHIVE_BYTES = 4_000_000_000

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scored:
    """A label and the probability that it is the right one, 0 to 1."""

    label: str
    score: float


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One model: the views it reads, how strongly it trusts the training rows (the SVM's C), and whether terms that tell
    labels apart are emphasised. With ``hidden`` units it is a network of one hidden layer, otherwise a linear SVM."""

    views: tuple[str, ...]
    trust: float
    emphatic: bool = False
    hidden: int = 0

    @property
    def name(self) -> str:
        if self.hidden:
            return "+".join(self.views) + f" network of {self.hidden}"
        return "+".join(self.views) + (" emphasised" if self.emphatic else "") + f" C={self.trust:g}"


_CANDIDATES = (
    _Candidate(("characters",), 0.3),
    _Candidate(("characters",), 2.0),
    _Candidate(("characters",), 0.3, emphatic=True),
    _Candidate(("characters",), 2.0, emphatic=True),
    _Candidate(("words",), 0.5),
    _Candidate(("meaning",), 1.0),
    _Candidate(("characters", "words", "formulas"), 0.1),
    _Candidate(("characters", "words", "meaning"), 0.5),
    _Candidate(("characters", "words", "meaning", "catalogue"), 0.3),
    _Candidate(("characters", "words", "meaning"), 1.0, hidden=64),
)
_VIEWS = ("characters", "words", "formulas", "meaning", "catalogue")


@dataclass(frozen=True, slots=True)
class _Model:
    """A trained candidate: scores are ``features @ weights + bias``, probabilities ``softmax(scores * sharpness)``.

    A network has hidden units in place of features: ``max(0, features[columns] @ inner + inner_bias)``.
    """

    candidate: _Candidate
    weights: Floats  # (features, labels)
    bias: Floats  # (labels,)
    emphasis: Floats | None = None  # (features,) factor of each feature; each row then has length 1 again
    columns: Integers | None = None  # the features that a network reads
    inner: Floats | None = None  # (columns, hidden units)
    inner_bias: Floats | None = None  # (hidden units,)


class _TfidfView:
    """Terms of a text weighted by how rare they are; ``analyse`` cuts a prepared text into terms."""

    def __init__(self, analyse: Callable[[str], list[str]] | None) -> None:
        self._analyse = analyse

    def _vectorizer(self, **options: Any) -> TfidfVectorizer:
        if self._analyse is None:
            options |= {"analyzer": "char", "ngram_range": (1, 3)}
        else:
            options["analyzer"] = self._analyse
        return TfidfVectorizer(sublinear_tf=True, dtype=np.float32, lowercase=False, **options)

    def fit(self, texts: Sequence[str]) -> None:
        # A term that occurs once teaches nothing about other messages, unless there are hardly any messages.
        self._tfidf = self._vectorizer(min_df=2 if len(texts) >= 50 else 1, max_features=_MAX_FEATURES)
        try:
            self._tfidf.fit(texts)
        except ValueError:  # no term is left: all texts are single, different words
            self._tfidf = self._vectorizer(min_df=1)
            self._tfidf.fit([*texts, "空"])

    def transform(self, texts: Sequence[str]) -> sp.csr_matrix:
        return sp.csr_matrix(self._tfidf.transform(texts))

    def dump(self) -> tuple[list[str], Floats]:
        return [str(term) for term in self._tfidf.get_feature_names_out()], np.asarray(self._tfidf.idf_, dtype=np.float32)

    def restore(self, terms: list[str], idf: Floats) -> None:
        self._tfidf = self._vectorizer(vocabulary={term: i for i, term in enumerate(terms)})
        self._tfidf.idf_ = idf


class _MeaningView:
    """Nearness to sample messages of the training set: a kernel over sentence embeddings that stays linear to train."""

    landmarks: Floats  # (samples, 512)
    projection: Floats  # (samples, samples)

    def fit(self, vectors: Floats) -> None:
        kernel = Nystroem(gamma=1.0, n_components=min(_LANDMARKS, len(vectors)), random_state=0).fit(vectors)
        self.landmarks = np.asarray(kernel.components_, dtype=np.float32)
        self.projection = np.asarray(kernel.normalization_.T, dtype=np.float32)

    def transform(self, vectors: Floats) -> Floats:
        squared = (vectors**2).sum(1)[:, None] + (self.landmarks**2).sum(1)[None, :] - 2 * vectors @ self.landmarks.T
        return np.asarray(np.exp(-np.maximum(squared, 0)) @ self.projection, dtype=np.float32)


@lru_cache(maxsize=1)
def _catalogue_model() -> CatalogueModel:
    return CatalogueModel.of(matter.profiles(), MODELS).rounded()


class _CatalogueView:
    """How near a message is to each matter of the catalogue that comes with the project: what no city's history has to teach again.

    An archive holds its numbers, so that another release's catalogue doesn't change what was learnt.
    """

    def __init__(self) -> None:
        self._model: CatalogueModel | None = None

    def fit(self) -> None:
        self._model = _catalogue_model()

    def transform(self, texts: Sequence[str]) -> sp.csr_matrix:
        if self._model is None:
            raise ValueError("the catalogue's view has not been fitted")
        model = self._model
        return sp.csr_matrix(np.stack([model.similar(cleaned(text)) for text in texts]) * np.float32(_CATALOGUE_SCALE))

    def dump(self) -> tuple[list[str], Floats, NDArray[np.float16]]:
        if self._model is None:
            raise ValueError("the catalogue's view has not been fitted")
        return self._model.arrays()

    def restore(self, grams: list[str], rarity: Floats, weights: NDArray[np.float16]) -> int:
        self._model = CatalogueModel(GramTable(grams, rarity), weights.astype(np.float32))
        return int(weights.shape[1])


class _Views:
    """All views of a set of texts, fitted on the training texts; ``names`` are those that are needed."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        analysers = {"characters": None, "words": features.words, "formulas": features.formulas}
        self.tfidf = {name: _TfidfView(analysers[name]) for name in self.names if name in analysers}
        self.meaning = _MeaningView()
        self.catalogue = _CatalogueView()

    def fit(self, texts: Sequence[str], vectors: Floats) -> None:
        for view in self.tfidf.values():
            view.fit(texts)
        if "meaning" in self.names:
            self.meaning.fit(vectors)
        if "catalogue" in self.names:
            self.catalogue.fit()

    def transform(self, texts: Sequence[str], vectors: Floats) -> dict[str, sp.csr_matrix]:
        result = {name: view.transform(texts) for name, view in self.tfidf.items()}
        if "meaning" in self.names:
            result["meaning"] = sp.csr_matrix(self.meaning.transform(vectors))
        if "catalogue" in self.names:
            result["catalogue"] = self.catalogue.transform(texts)
        return result


class TextClassifier:
    """Learns labels of texts. ``fit`` once, or ``load`` what ``save`` wrote; then ``predict``."""

    def __init__(self) -> None:
        self.labels: tuple[str, ...] = ()
        self.chosen: Mapping[str, float] = {}
        """The models that count and their weight, for a reader's eye."""
        self._prior: Doubles = np.zeros(0)
        self._views = _Views(())
        self._models: list[_Model] = []
        self._sharpness: Doubles = np.zeros(0)
        self._shares: Doubles = np.zeros(0)
        self._leading: Doubles = np.zeros(0)
        self._final_sharpness = 1.0

    def fit(self, texts: Sequence[str], labels: Sequence[str], progress: Progress | None = None) -> TextClassifier:
        """Learn from ``texts`` and their ``labels`` (same length); returns itself.

        A text that is repeated with the same label counts once; rows with an empty text or label are left out. A label
        with a single row can be learnt but not checked. Raises ValueError if the lengths differ or nothing is left.
        """
        if len(texts) != len(labels):
            raise ValueError(f"{len(texts)} texts but {len(labels)} labels")
        report = progress or (lambda _what, _share: None)
        pairs = dict.fromkeys((features.prepare(text), label.strip()) for text, label in zip(texts, labels, strict=True))
        rows = [(text, label) for text, label in pairs if text and label]
        if not rows:
            raise ValueError("no row has both a text and a label")
        prepared = [text for text, _ in rows]
        counts = Counter(label for _, label in rows)
        self.labels = tuple(sorted(counts))
        index = {label: i for i, label in enumerate(self.labels)}
        truth = np.array([index[label] for _, label in rows], dtype=np.int64)
        self._prior = np.array([counts[label] / len(rows) for label in self.labels])
        self._models, self._shares, self._leading, self._sharpness, self.chosen = [], np.zeros(0), np.zeros(0), np.zeros(0), {}
        if len(self.labels) == 1:
            return self
        report("reading meanings", 0.0)
        vectors = features.embeddings(prepared)
        self._choose(prepared, vectors, truth, report)
        picked = np.flatnonzero(self._shares + self._leading)
        self._shares, self._leading, self._sharpness = self._shares[picked], self._leading[picked], self._sharpness[picked]
        candidates = [_CANDIDATES[i] for i in picked]
        report("learning from all rows", 0.85)
        self._views = _Views([view for view in _VIEWS if any(view in candidate.views for candidate in candidates)])
        self._views.fit(prepared, vectors)
        seen = self._views.transform(prepared, vectors)
        self._models = [_train(candidate, seen, truth, len(self.labels)) for candidate in candidates]
        self.chosen = {candidate.name: round(float(share), 3) for candidate, share in zip(candidates, self._shares, strict=True)}
        report("done", 1.0)
        return self

    def _choose(self, texts: list[str], vectors: Floats, truth: Integers, report: Progress) -> None:
        """Set the models' shares and sharpness by cross-validation on (a sample of) the training rows."""
        random = np.random.default_rng(0)
        rows = np.arange(len(texts))
        if len(rows) > _MAX_COMPARED_ROWS:
            rows = np.sort(random.choice(rows, _MAX_COMPARED_ROWS, replace=False))
        folds = _folds(truth[rows])
        if not folds:  # every label has one row only: nothing can be compared
            self._shares = np.array([float(candidate == _CANDIDATES[1]) for candidate in _CANDIDATES])
            self._leading = self._shares
            self._sharpness = np.full(len(_CANDIDATES), 3.0)
            return
        scores = np.zeros((len(_CANDIDATES), len(rows), len(self.labels)), dtype=np.float32)
        for number, (learn, check) in enumerate(folds):
            report(f"comparing models, part {number + 1} of {len(folds)}", 0.05 + 0.8 * number / len(folds))
            here, there = rows[learn], rows[check]
            views = _Views(_VIEWS)
            views.fit([texts[i] for i in here], vectors[here])
            seen = views.transform([texts[i] for i in here], vectors[here])
            unseen = views.transform([texts[i] for i in there], vectors[there])
            for i, candidate in enumerate(_CANDIDATES):
                scores[i, check] = _scores(_train(candidate, seen, truth[here], len(self.labels)), unseen)
        known = truth[rows]
        self._sharpness = np.array([_best_sharpness(score, known) for score in scores])
        likely = np.array([softmax(score * sharp, axis=1) for score, sharp in zip(scores, self._sharpness, strict=True)])
        self._shares = _blend(likely, known)
        linear = [i for i, candidate in enumerate(_CANDIDATES) if not candidate.hidden]
        self._leading = np.zeros(len(_CANDIDATES))
        self._leading[linear] = _blend(likely[linear], known)
        mixed = _lead(np.tensordot(self._shares, likely, axes=1), np.tensordot(self._leading, likely, axes=1))
        self._final_sharpness = _best_sharpness(np.log(mixed + 1e-9), known)

    def probabilities(self, texts: Sequence[str]) -> Doubles:
        """Return an array (texts, labels) of probabilities, columns in the order of ``labels``; rows sum to 1.

        A text with nothing to read in it gets the labels' shares of the training set. Raises ValueError before ``fit``.
        """
        if not self.labels:
            raise ValueError("the classifier has not learnt anything yet: call fit or load first")
        prepared = [features.prepare(text) for text in texts]
        result = np.tile(self._prior, (len(prepared), 1))
        filled = [i for i, text in enumerate(prepared) if text]
        if not filled or not self._models:
            return result
        kept = [prepared[i] for i in filled]
        vectors = features.embeddings(kept) if "meaning" in self._views.names else np.zeros((len(kept), 0), dtype=np.float32)
        seen = self._views.transform(kept, vectors)
        mixed, leading = np.zeros((2, len(kept), len(self.labels)))
        for model, sharp, share, lead in zip(self._models, self._sharpness, self._shares, self._leading, strict=True):
            likely = softmax(_scores(model, seen) * sharp, axis=1)
            mixed += share * likely
            leading += lead * likely
        result[filled] = softmax(np.log(_lead(mixed, leading) + 1e-9) * self._final_sharpness, axis=1)
        return result

    def predict(self, texts: Sequence[str]) -> list[list[Scored]]:
        """Return for each text its three most likely labels, best first (fewer if there are fewer labels)."""
        answers = []
        for start in range(0, len(texts), 1_000):
            for row in self.probabilities(texts[start : start + 1_000]):
                best = np.argsort(-row, kind="stable")[:TOP]
                answers.append([Scored(self.labels[i], float(row[i])) for i in best])
        return answers

    def save(self, path: Path) -> None:
        """Write the classifier to one file, a zip of arrays and JSON. Raises ValueError before ``fit``."""
        if not self.labels:
            raise ValueError("the classifier has not learnt anything yet")
        meta: dict[str, Any] = {
            "format": FORMAT,
            "labels": self.labels,
            "views": self._views.names,
            "models": [asdict(model.candidate) for model in self._models],
            "final_sharpness": self._final_sharpness,
            "terms": {},
        }
        arrays: dict[str, NDArray[Any]] = {"prior": self._prior, "sharpness": self._sharpness, "shares": self._shares}
        arrays["leading"] = self._leading
        for name, view in self._views.tfidf.items():
            meta["terms"][name], arrays[f"idf_{name}"] = view.dump()
        if "meaning" in self._views.names:
            arrays["landmarks"], arrays["projection"] = self._views.meaning.landmarks, self._views.meaning.projection
        if "catalogue" in self._views.names:
            meta["terms"]["catalogue"], arrays["catalogue_rarity"], arrays["catalogue_weights"] = self._views.catalogue.dump()
        for i, model in enumerate(self._models):
            arrays[f"weights_{i}"], arrays[f"bias_{i}"] = model.weights, model.bias
            if model.emphasis is not None:
                arrays[f"emphasis_{i}"] = model.emphasis
            if model.columns is not None and model.inner is not None and model.inner_bias is not None:
                arrays[f"columns_{i}"], arrays[f"inner_{i}"], arrays[f"inner_bias_{i}"] = model.columns, model.inner, model.inner_bias
        arrays["meta"] = np.frombuffer(json.dumps(meta, ensure_ascii=False).encode(), dtype=np.uint8)
        with path.open("wb") as file:  # an open file: given a name, numpy would append .npz to it
            np.savez_compressed(file, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> TextClassifier:
        """Read what ``save`` wrote. Raises ValueError if the file isn't a whole and consistent archive, OSError if unreadable."""
        try:
            with zipfile.ZipFile(path) as archive:
                _require(sum(member.file_size for member in archive.infolist()) <= _MAX_ARCHIVE_BYTES, "it is too large")
            with np.load(path, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
            return cls._restore(json.loads(arrays["meta"].tobytes()), arrays)
        except (KeyError, TypeError, AttributeError, IndexError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path.name} is not a text classifier of ours: {error}") from error

    @classmethod
    def _restore(cls, meta: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> TextClassifier:
        if meta["format"] != FORMAT:
            raise ValueError(f"format {meta['format']!r}, not {FORMAT!r}")
        self = cls()
        self.labels = tuple(str(label) for label in meta["labels"])
        count = len(self.labels)
        _require(count > 0, "it has no labels")
        self._prior = _array(arrays, "prior", (count,)).astype(np.float64)
        names = [str(name) for name in meta["views"]]
        _require(set(names) <= set(_VIEWS), f"unknown views {names}")
        self._views = _Views(names)
        width: dict[str, int] = {}
        for name, view in self._views.tfidf.items():
            terms = [str(term) for term in meta["terms"][name]]
            _require(len(set(terms)) == len(terms) > 0, f"terms of {name} are missing or repeated")
            view.restore(terms, _array(arrays, f"idf_{name}", (len(terms),)))
            width[name] = len(terms)
        if "meaning" in names:
            samples = len(arrays["landmarks"])
            self._views.meaning.landmarks = _array(arrays, "landmarks", (samples, features.EMBEDDING_SIZE))
            self._views.meaning.projection = _array(arrays, "projection", (samples, samples))
            width["meaning"] = samples
        if "catalogue" in names:
            grams = [str(gram) for gram in meta["terms"]["catalogue"]]
            _require(len(set(grams)) == len(grams) > 0, "grams of the catalogue are missing or repeated")
            matters = arrays["catalogue_weights"].shape[-1]
            rarity = _array(arrays, "catalogue_rarity", (len(grams),))
            width["catalogue"] = self._views.catalogue.restore(grams, rarity, _array(arrays, "catalogue_weights", (len(grams), matters)))
        for i, described in enumerate(meta["models"]):
            views = tuple(str(view) for view in described["views"])
            candidate = _Candidate(views, float(described["trust"]), bool(described["emphatic"]), int(described["hidden"]))
            self._models.append(_restore_model(candidate, arrays, i, sum(width[view] for view in views), count))
        _require(bool(self._models) or count == 1, "it has no models")
        self._sharpness = _array(arrays, "sharpness", (len(self._models),)).astype(np.float64)
        self._shares = _array(arrays, "shares", (len(self._models),)).astype(np.float64)
        self._leading = _array(arrays, "leading", (len(self._models),)).astype(np.float64)
        self._final_sharpness = float(meta["final_sharpness"])
        self.chosen = {model.candidate.name: round(float(share), 3) for model, share in zip(self._models, self._shares, strict=True)}
        return self


def _require(condition: bool, complaint: str) -> None:
    if not condition:
        raise ValueError(complaint)


def _array(arrays: Mapping[str, NDArray[Any]], name: str, shape: tuple[int, ...]) -> NDArray[Any]:
    array = arrays[name]
    _require(array.shape == shape, f"{name} has shape {array.shape}, not {shape}")
    _require(array.dtype.kind == "f" and bool(np.isfinite(array).all()), f"{name} has entries that are not numbers")
    return array


def _restore_model(candidate: _Candidate, arrays: Mapping[str, NDArray[Any]], i: int, size: int, labels: int) -> _Model:
    """Return model number ``i`` of an archive, which reads ``size`` features. Raises ValueError if its arrays don't fit."""
    bias = _array(arrays, f"bias_{i}", (labels,))
    if not candidate.hidden:
        weights = _array(arrays, f"weights_{i}", (size, labels))
        return _Model(candidate, weights, bias, _array(arrays, f"emphasis_{i}", (size,)) if candidate.emphatic else None)
    columns = arrays[f"columns_{i}"]
    _require(columns.ndim == 1 and columns.dtype.kind == "i", f"columns_{i} are no row of numbers")
    _require(len(columns) > 0 and columns.min() >= 0 and columns.max() < size, f"columns_{i} point outside the features")
    return _Model(
        candidate,
        _array(arrays, f"weights_{i}", (candidate.hidden, labels)),
        bias,
        columns=columns.astype(np.int64),
        inner=_array(arrays, f"inner_{i}", (len(columns), candidate.hidden)),
        inner_bias=_array(arrays, f"inner_bias_{i}", (candidate.hidden,)),
    )


def _stack(views: Mapping[str, sp.csr_matrix], candidate: _Candidate) -> sp.csr_matrix:
    if len(candidate.views) == 1:
        return views[candidate.views[0]]
    return sp.hstack([views[name] for name in candidate.views]).tocsr()


def _emphasise(table: sp.csr_matrix, emphasis: Floats | None) -> sp.csr_matrix:
    if emphasis is None:
        return table
    scaled = sp.csr_matrix((table.data * emphasis[table.indices], table.indices, table.indptr), shape=table.shape)
    return normalize(scaled, copy=False)


def _telling(table: sp.csr_matrix, truth: Integers) -> Floats:
    """Return how well each feature's presence tells labels apart (features,).

    The root mean square, over labels weighted by their rows, of the log ratio between the share of the label's rows that
    have the feature and that of the other rows (the idea of NB-SVM, Wang and Manning 2012, for many labels at once).
    """
    _, position, rows = np.unique(truth, return_inverse=True, return_counts=True)
    belongs = sp.csr_matrix((np.ones(len(truth), dtype=np.float32), (position, np.arange(len(truth)))))
    has = table.copy()
    has.data = np.ones_like(has.data)
    squares = np.zeros(table.shape[1])
    total = np.asarray(has.sum(axis=0)).ravel()
    for label, count in enumerate(rows):  # one label at a time: labels x features may not fit in memory
        inside = np.asarray((belongs[label] @ has).todense()).ravel()
        odds = (inside + 0.5) / (count + 1) / ((total - inside + 0.5) / (len(truth) - count + 1))
        squares += np.log(odds) ** 2 * count / len(truth)
    return np.asarray(np.sqrt(squares), dtype=np.float32)


def _train(candidate: _Candidate, views: Mapping[str, sp.csr_matrix], truth: Integers, labels: int) -> _Model:
    """Train one candidate; labels that don't occur in ``truth`` get the lowest score there is."""
    table = _stack(views, candidate)
    if candidate.hidden:
        return _train_network(candidate, table, truth, labels)
    emphasis = _telling(table, truth) if candidate.emphatic else None
    table = _emphasise(table, emphasis)
    present = np.unique(truth)
    weights = np.zeros((table.shape[1], labels), dtype=np.float32)
    bias = np.full(labels, -2.0, dtype=np.float32)  # below -1, the margin of "certainly not this one"
    if len(present) == 1:
        bias[present] = 1.0
        return _Model(candidate, weights, bias, emphasis)
    svm = LinearSVC(C=candidate.trust, random_state=0, max_iter=2_000, tol=1e-3).fit(table, truth)
    coefficients, intercepts = svm.coef_, svm.intercept_
    if len(present) == 2:  # scikit-learn keeps one row for two labels
        coefficients, intercepts = np.vstack([-coefficients, coefficients]), np.concatenate([-intercepts, intercepts])
    weights[:, present] = coefficients.T
    bias[present] = intercepts
    return _Model(candidate, weights, bias, emphasis)


def _train_network(candidate: _Candidate, table: sp.csr_matrix, truth: Integers, labels: int) -> _Model:
    """Train a network of one hidden layer; labels that don't occur in ``truth`` get the lowest score there is."""
    present = np.unique(truth)
    weights = np.zeros((candidate.hidden, labels), dtype=np.float32)
    bias = np.full(labels, -10.0, dtype=np.float32)  # log-odds
    if len(present) == 1:
        bias[present] = 0.0
        nothing = np.zeros((1, candidate.hidden), dtype=np.float32)
        return _Model(candidate, weights, bias, None, np.zeros(1, dtype=np.int64), nothing, nothing[0])
    dependence = np.nan_to_num(chi2(abs(table), truth)[0])  # chi2 takes no negative values, which meaning has
    columns = np.sort(np.argsort(-dependence, kind="stable")[:_NETWORK_FEATURES])
    network = MLPClassifier(
        (candidate.hidden,), learning_rate_init=2e-3, batch_size=min(64, len(truth)), max_iter=_NETWORK_ROUNDS, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is stopped early on purpose
        network.fit(normalize(table[:, columns]), truth)
    inner, outer = network.coefs_
    inner_bias, outer_bias = network.intercepts_
    if len(present) == 2:  # scikit-learn keeps one output for two labels
        outer, outer_bias = np.hstack([-outer / 2, outer / 2]), np.concatenate([-outer_bias / 2, outer_bias / 2])
    weights[:, present] = outer
    bias[present] = outer_bias
    return _Model(candidate, weights, bias, None, columns, inner.astype(np.float32), inner_bias.astype(np.float32))


def _scores(model: _Model, views: Mapping[str, sp.csr_matrix]) -> Floats:
    table = _stack(views, model.candidate)
    if model.columns is not None:
        hidden = np.maximum(normalize(table[:, model.columns]) @ model.inner + model.inner_bias, 0)
        return np.asarray(hidden @ model.weights + model.bias, dtype=np.float32)
    return np.asarray(_emphasise(table, model.emphasis) @ model.weights + model.bias, dtype=np.float32)


def _lead(mixed: Doubles, leading: Doubles) -> Doubles:
    """Return the probabilities ``mixed`` with the likeliest label of ``leading`` in the first place, by an exchange of two."""
    rows, first, wanted = np.arange(len(mixed)), mixed.argmax(axis=1), leading.argmax(axis=1)
    result = mixed.copy()
    result[rows, first], result[rows, wanted] = mixed[rows, wanted], mixed[rows, first]
    return result


def _folds(truth: Integers) -> list[tuple[Integers, Integers]]:
    """Split row numbers into parts that learn and check; a label with fewer rows than parts is in most of them all the same."""
    counts = np.bincount(truth)
    parts = int(min(_FOLDS, counts.max()))
    if parts < 2:
        return []
    # StratifiedKFold warns about labels rarer than the number of parts; as one pooled label they spread evenly too.
    strata = np.where(counts[truth] < parts, -1, truth)
    if (strata == -1).sum() < parts:
        strata = np.where(strata == -1, counts.argmax(), strata)
    splitter = StratifiedKFold(parts, shuffle=True, random_state=0)
    return [(learn, check) for learn, check in splitter.split(strata, strata)]


def _loss(probabilities: NDArray[Any], truth: Integers) -> float:
    return float(-np.log(probabilities[np.arange(len(truth)), truth] + 1e-9).mean())


def _best_sharpness(scores: NDArray[Any], truth: Integers) -> float:
    """Return the factor on ``scores`` whose softmax is most likely given ``truth`` (temperature scaling, Guo et al. 2017)."""

    def loss(log_factor: float) -> float:
        return _loss(softmax(scores * np.exp(log_factor), axis=1), truth)

    return float(np.exp(minimize_scalar(loss, bounds=(-2.0, 3.0), method="bounded").x))


def _blend(probabilities: NDArray[Any], truth: Integers, steps: int = 12) -> Doubles:
    """Return the models' shares: add, again and again, the model that helps the mixture most (Caruana et al. 2004).

    ``probabilities`` is (models, rows, labels). A model that would get less than a tenth is left out: it costs time.
    """
    counts = np.zeros(len(probabilities))
    total = np.zeros(probabilities.shape[1:])
    for step in range(1, steps + 1):
        losses = [_loss((total + candidate) / step, truth) for candidate in probabilities]
        best = int(np.argmin(losses))
        counts[best] += 1
        total += probabilities[best]
    shares = counts / steps
    shares[shares < 0.1] = 0
    return np.asarray(shares / shares.sum())
