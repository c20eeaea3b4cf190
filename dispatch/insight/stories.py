"""Stories: complaints of many people about the same thing in different words, put together (Art. 26).

Texts are joined bottom-up while those of two clusters are, on the average, alike enough. A title is made of words that many of them use, so
it can't say what only one person wrote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import rjieba
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from dispatch.insight.wording import Similarities, alike, plain
from dispatch.knowledge.embedding import Encoder

ALIKE = 0.46
"""Mean similarity down to which clusters are joined; chosen on the simulated complaints of ``jsjb bench insight``."""

_TITLE_WORDS = 4
_NO_FIRST = frozenset("的与在和而及我他你是不有被将等把为也都就从向对到了市区县要让因且但没并月日年")
_NO_LAST = frozenset("的与在和而及我他你是不有了等时中上被把为也都就从向对到未并月日年")
_COMMON = 0.4
"""Share of a story's texts that a word of its title has to be in."""


@dataclass(frozen=True, slots=True)
class Story:
    """Texts that tell the same: their positions, by how many people, the most typical one's, and words that many of them use."""

    members: tuple[int, ...]
    people: int
    representative: int
    title: tuple[str, ...]


def stories(
    texts: Sequence[str],
    people: Sequence[Hashable] | None = None,
    places: Sequence[str | None] | None = None,
    *,
    least: int = 2,
    threshold: float = ALIKE,
    encoder: Encoder | None = None,
) -> list[Story]:
    """Return the stories that at least ``least`` people tell, those of most people first; a few thousand texts take some seconds.

    Args:
        people: who wrote each text, any value that is the same for the same person; None if each was written by another one.
        places: where each happened, None where that isn't known; complaints of two places are rarely one story.
        least: people in a story, and people who use a word of its title; the title is empty where there is no such word.
    """
    writers = people or range(len(texts))
    prepared = [plain(text) for text in texts]
    telling = [position for position, text in enumerate(prepared) if sum(map(str.isalnum, text)) > 1]
    if len(telling) < len(texts):
        found = stories(
            [texts[each] for each in telling],
            [writers[each] for each in telling],
            [places[each] for each in telling] if places else None,
            least=least,
            threshold=threshold,
            encoder=encoder,
        )
        return [
            replace(story, members=tuple(telling[m] for m in story.members), representative=telling[story.representative])
            for story in found
        ]
    if len(texts) < 2:
        return []
    similar = alike(prepared, places, encoder)
    groups: dict[int, list[int]] = {}
    for position, label in enumerate(clusters(similar, threshold)):
        groups.setdefault(label, []).append(position)
    found = []
    phrases = [_phrases(text) for text in prepared]
    everywhere = Counter(phrase for each in phrases for phrase in each)
    for members in groups.values():
        told_by = {writers[member] for member in members}
        if len(members) > 1 and len(told_by) >= least:
            title = _title([(writers[member], phrases[member]) for member in members], everywhere, len(texts), least)
            found.append(Story(tuple(members), len(told_by), _typical(similar, members), title))
    return sorted(found, key=lambda story: (-story.people, -len(story.members), story.members[0]))


def clusters(similar: Similarities, threshold: float) -> list[int]:
    """Return the cluster number of each text, joined by mean similarity down to ``threshold``."""
    distances = np.clip(1.0 - similar, 0.0, 1.0)
    np.fill_diagonal(distances, 0.0)
    tree = linkage(squareform(distances, checks=False), "average")
    return [int(label) for label in fcluster(tree, 1.0 - threshold, "distance")]


def _typical(similar: Similarities, members: Sequence[int]) -> int:
    within = similar[np.ix_(members, members)].sum(axis=1)
    return members[int(np.argmax(within))]


def _phrases(text: str) -> set[str]:
    """Return the words of a text, and what two or three of them in a row make, from two characters on."""
    words = rjieba.cut(text[:300])
    found = set()
    for size in (1, 2, 3):
        for start in range(len(words) - size + 1):
            run = words[start : start + size]
            if all(word.isalnum() for word in run) and run[0][0] not in _NO_FIRST and run[-1] not in _NO_LAST:
                found.add("".join(run))
    return {phrase for phrase in found if 2 <= len(phrase) <= 10 and not phrase.isdigit()}


def _title(members: Sequence[tuple[Hashable, set[str]]], everywhere: Counter[str], total: int, least: int) -> tuple[str, ...]:
    users: dict[str, set[Hashable]] = {}
    times = Counter(phrase for _, phrases in members for phrase in phrases)
    for writer, phrases in members:
        for phrase in phrases:
            users.setdefault(phrase, set()).add(writer)
    scored = []
    for phrase, count in times.items():
        share = count / len(members)
        if share >= _COMMON and len(users[phrase]) >= least:
            scored.append((-share * np.log(1 + share * total / everywhere[phrase]) * len(phrase) ** 0.5, phrase))
    chosen: list[str] = []
    for _, phrase in sorted(scored):
        if not any(_overlap(phrase, other) for other in chosen):
            chosen.append(phrase)
        if len(chosen) == _TITLE_WORDS:
            break
    return tuple(chosen)


def _overlap(first: str, second: str) -> bool:
    """Say whether two phrases share three characters in a row, or one is part of the other."""
    return first in second or second in first or any(first[start : start + 3] in second for start in range(len(first) - 2))
