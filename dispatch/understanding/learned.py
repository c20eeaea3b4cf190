"""A model learned from a city's own history (``jsjb learn --save``), asked before the catalogue and heard where it is sure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from dispatch.catalogue.loader import CatalogueItem
from dispatch.catalogue.service import Catalogue
from dispatch.core.settings import Settings
from dispatch.units.service import Directory, UnitEntry
from nlu.text import normalise

if TYPE_CHECKING:
    from nlu.learning.classifier import TextClassifier

Found = TypeVar("Found", CatalogueItem, UnitEntry)


class ModelError(ValueError):
    """A model file that was asked for can't be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Opinion(Generic[Found]):
    """What a model says of one text: ``value`` is None where the catalogue must decide; ``why`` names the model and its score."""

    value: Found | None
    score: float
    why: str


@dataclass(frozen=True, slots=True)
class LearnedReader(Generic[Found]):
    """One model whose labels are read as items of the catalogue or as units, as they are in force now."""

    what: str
    file: str
    classifier: TextClassifier
    threshold: float
    find: Callable[[str], Found | None]

    def read(self, text: str) -> Opinion[Found] | None:
        """Return the model's opinion of ``text``, or None if the text says nothing."""
        if sum(character.isalpha() for character in text[:100]) < 2:
            return None
        best = self.classifier.predict([text])[0][0]
        model = f"学习模型 {self.file}"
        if best.score < self.threshold:
            why = f"{model} 认为{self.what}是“{best.label}”（{best.score:.2f}，不到 {self.threshold:.2f}），按派单目录判断"
            return Opinion(None, best.score, why)
        value = self.find(normalise(best.label))
        if value is None:
            return Opinion(None, best.score, f"{model} 认为{self.what}是“{best.label}”（{best.score:.2f}），现行目录里没有，按派单目录判断")
        return Opinion(value, best.score, f"{self.what} {value.name}（{best.score:.2f}）：{model} 判断")


@dataclass(frozen=True, slots=True)
class LearnedModels:
    """The models that a system was told to use, loaded once; both None for most systems."""

    matter: TextClassifier | None = None
    unit: TextClassifier | None = None
    matter_file: str = ""
    unit_file: str = ""
    threshold: float = 0.6

    def matter_reader(self, catalogue: Catalogue) -> LearnedReader[CatalogueItem] | None:
        """Return the model for matters, its labels read as codes or names of ``catalogue``."""
        if self.matter is None:
            return None
        return LearnedReader("事项", self.matter_file, self.matter, self.threshold, catalogue.by_label)

    def unit_reader(self, units: Directory) -> LearnedReader[UnitEntry] | None:
        """Return the model for units, its labels read as codes, names or short names of ``units``."""
        if self.unit is None:
            return None
        return LearnedReader("单位", self.unit_file, self.unit, self.threshold, units.by_label)


def load(settings: Settings) -> LearnedModels:
    """Load the models that ``settings`` name; without any nothing is imported. Raises ModelError."""
    matter, unit = settings.matter_model, settings.unit_model
    return LearnedModels(
        matter=_load(matter) if matter else None,
        unit=_load(unit) if unit else None,
        matter_file=matter.name if matter else "",
        unit_file=unit.name if unit else "",
        threshold=settings.learned_threshold,
    )


def usable_labels(models: LearnedModels, catalogue: Catalogue, units: Directory) -> list[tuple[str, str, int, int]]:
    """Return for each model: what it reads, its file, how many of its labels mean something here, and how many there are.

    Raises ModelError if none of a model's labels means anything here: it was learned from another column.
    """
    counts = []
    for reader in (models.matter_reader(catalogue), models.unit_reader(units)):
        if reader is None:
            continue
        labels = reader.classifier.labels
        usable = sum(reader.find(normalise(label)) is not None for label in labels)
        if not usable:
            some = "、".join(labels[:5])
            raise ModelError(f"{reader.file} 的类别（{some}……）没有一个是现行的{reader.what}；请核对 jsjb learn --label 用的列")
        counts.append((reader.what, reader.file, usable, len(labels)))
    return counts


def _load(path: Path) -> TextClassifier:
    # scikit-learn and the sentence encoder take seconds and memory: only for systems that use a model.
    from nlu.learning.classifier import TextClassifier
    from nlu.threads import one_thread

    one_thread()
    try:
        return TextClassifier.load(path)
    except FileNotFoundError as error:
        raise ModelError(f"没有找到模型文件 {path}") from error
    except OSError as error:
        raise ModelError(f"读不了模型文件 {path}：{error.strerror}") from error
    except ValueError as error:
        raise ModelError(f"{path} 不是 jsjb learn --save 存下的模型：{error}") from error
