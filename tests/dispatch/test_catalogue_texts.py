"""What the catalogue's phrases and examples must keep to so that one matter can be told from another."""

from __future__ import annotations

from collections import Counter

import pytest

from dispatch.catalogue.loader import CatalogueItem, load_catalogue
from nlu.files import data_path
from nlu.text import normalise
from tests import real_data

COPIED = 26
"""As many consecutive characters of a real message would be a copy of it."""


@pytest.fixture(scope="module")
def released() -> list[CatalogueItem]:
    return load_catalogue(data_path("catalogue"))


def test_a_phrase_never_speaks_for_and_against_the_same_matter(released: list[CatalogueItem]) -> None:
    clashes = [(item.code, phrase, hint) for item in released for phrase in item.synonyms for hint in item.negative_hints if hint in phrase]
    assert clashes == []


def test_no_example_stands_for_two_matters(released: list[CatalogueItem]) -> None:
    counts = Counter(normalise(example) for item in released for example in item.examples)
    assert [example for example, count in counts.items() if count > 1] == []


def test_few_phrases_are_shared_by_two_matters(released: list[CatalogueItem]) -> None:
    counts = Counter(normalise(phrase) for item in released for phrase in item.synonyms)
    shared = [phrase for phrase, count in counts.items() if count > 1]
    assert len(shared) <= len(counts) / 100, shared


@pytest.mark.real_data
@pytest.mark.parametrize(
    "name",
    [
        "messages_request_type.csv",
        "hotline_tickets.csv",
        "messages_topic7.csv",
        "messages_replies.csv",
        "messages_hotspot.csv",
        "beijing_qa.csv",
    ],
)
def test_nothing_is_copied_from_real_messages(released: list[CatalogueItem], name: str) -> None:
    ours = [text for item in released for text in (item.description, *item.synonyms, *item.examples)]
    pieces = {text[start : start + COPIED] for text in ours for start in range(len(text) - COPIED + 1)}
    theirs = real_data.path(name).read_text(encoding="utf-8")
    assert [theirs[i : i + COPIED] for i in range(len(theirs)) if theirs[i : i + COPIED] in pieces] == []
