"""A message that is one of the training examples, word for word, means what that example means (Rasa component).

A classifier over word counts may read a button's "修改" or a bare "我要投诉" as something else: few words carry little
weight. This component runs after it and overrules it for exact phrases; blanks, punctuation and closing particles don't count.
"""

from __future__ import annotations

import json
import re
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.components.chinese_tokenizer import fold

_FILE = "phrases.json"
_SIGNS = re.compile(r"[^\w*]+|_+")
_PARTICLES = re.compile(r"(?<=.)[啊呀哦噢哈哒啦呗嘛哎]+$")
_CONFIDENCE = 1.0


def key(text: str) -> str:
    """Return ``text`` as phrases are compared: folded, without signs and closing particles; signs alone stay themselves."""
    folded = fold(text).strip()
    bare = _SIGNS.sub("", folded)
    return _PARTICLES.sub("", bare) if bare else folded


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class KnownPhraseClassifier(GraphComponent, IntentClassifier):  # type: ignore[misc]  # rasa is untyped
    """Give a message that is a training example that example's intent."""

    def __init__(self, phrases: dict[str, str], model_storage: ModelStorage, resource: Resource) -> None:
        """Keep ``phrases``: key to intent."""
        self._phrases = phrases
        self._model_storage = model_storage
        self._resource = resource

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the defaults: there is nothing to set."""
        return {}

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> KnownPhraseClassifier:
        """Create the component for training."""
        return cls({}, model_storage, resource)

    @classmethod
    def load(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext, **kwargs: Any
    ) -> KnownPhraseClassifier:
        """Load the phrases of a trained model."""
        with model_storage.read_from(resource) as folder:
            phrases: dict[str, str] = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        return cls(phrases, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn the examples. A phrase that stands under two intents tells nothing and is left out."""
        seen: dict[str, set[str]] = {}
        for example in training_data.intent_examples:
            if example.get(TEXT):
                seen.setdefault(key(example.get(TEXT)), set()).add(example.get(INTENT))
        self._phrases = {phrase: next(iter(intents)) for phrase, intents in seen.items() if len(intents) == 1}
        with self._model_storage.write_to(self._resource) as folder:
            (folder / _FILE).write_text(json.dumps(self._phrases, ensure_ascii=False), encoding="utf-8")
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Overrule the intent of each message that is a known phrase."""
        for message in messages:
            intent = self._phrases.get(key(message.get(TEXT) or ""))
            if intent is None:
                continue
            known = {INTENT_NAME_KEY: intent, PREDICTED_CONFIDENCE_KEY: _CONFIDENCE}
            guesses = message.get(INTENT_RANKING_KEY) or []
            others = [{**guess, PREDICTED_CONFIDENCE_KEY: 0.0} for guess in guesses if guess[INTENT_NAME_KEY] != intent]
            message.set(INTENT, known, add_to_output=True)
            message.set(INTENT_RANKING_KEY, [known, *others], add_to_output=True)
        return messages
