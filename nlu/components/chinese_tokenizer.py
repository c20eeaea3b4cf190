"""Words of a Chinese message, with the project's own dictionary (Rasa component)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import jieba
import zhconv
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.tokenizers.jieba_tokenizer import JiebaTokenizer
from rasa.nlu.tokenizers.tokenizer import Token
from rasa.shared.nlu.training_data.message import Message

from nlu.files import data_path


def dictionary_files(folder: str) -> list[Path]:
    """Return the word lists of ``data/<folder>`` in name order.

    Raises:
        FileNotFoundError: the folder holds no word list; a tokenizer without its words would silently read worse.
    """
    files = sorted(data_path(folder).glob("*.txt"))
    if not files:
        raise FileNotFoundError(f"no *.txt word list in data/{folder}")
    return files


def dictionary_words(folder: str) -> list[str]:
    """Return the words of ``data/<folder>/*.txt``: one a line, ``#`` begins a comment."""
    lines = (line.split("#", 1)[0].strip() for path in dictionary_files(folder) for line in path.read_text(encoding="utf-8").splitlines())
    return [word for word in lines if word]


@lru_cache(maxsize=2)
def _segmenter(folder: str) -> jieba.Tokenizer:
    # jieba's module-level functions share one dictionary a process: another component could change ours.
    segmenter = jieba.Tokenizer()
    for word in dictionary_words(folder):
        segmenter.add_word(word)
    return segmenter


def fold(text: str) -> str:
    """Return ``text`` in simplified characters and lower case, every character still at its place."""
    folded = (zhconv.convert(char, "zh-hans") if ord(char) > 0x2E7F else char.lower() for char in text)
    return "".join(new if len(new) == 1 else old for old, new in zip(text, folded, strict=True))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class ChineseTokenizer(JiebaTokenizer):  # type: ignore[misc]  # rasa is untyped
    """Jieba with a dictionary of its own, blanks left out, and words looked up in simplified characters.

    A token's ``text`` is what the resident wrote (entities need the positions), its ``lemma`` the simplified lower-case
    form that the featurizers count, so 電梯壞了 and 电梯坏了 are the same words.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the defaults: ``dictionary_path`` is a folder below ``data/``."""
        return {**JiebaTokenizer.get_default_config(), "dictionary_path": "dictionary"}

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> ChineseTokenizer:
        """Create the component for training."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext, **kwargs: Any
    ) -> ChineseTokenizer:
        """Create the component for a trained model; the dictionary is the repository's, which the fingerprint vouches for."""
        return cls(config, model_storage, resource)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str:
        """Return a hash of the word lists, so that a changed dictionary retrains what depends on it."""
        folder = config.get("dictionary_path") or "dictionary"
        return hashlib.sha256("\n".join(dictionary_words(folder)).encode()).hexdigest()

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        """Split ``message``'s ``attribute`` into words."""
        text: str = message.get(attribute)
        pieces: Iterable[tuple[str, int, int]] = _segmenter(self._config["dictionary_path"]).tokenize(fold(text))
        tokens = [Token(text[start:end], start, end, lemma=word) for word, start, end in pieces if not word.isspace()]
        return self._apply_token_pattern(tokens)  # type: ignore[no-any-return]
