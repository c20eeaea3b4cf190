"""Near-duplicates: which earlier orders a new one may repeat (Art. 12(2)(3)), and repeats in bulk.

At filing, a few hundred open orders of the same street and group of matters, and the same person's own, are compared; they come by index,
so the cost doesn't grow with the number of orders. In bulk, texts that share enough of their characters are found by hashing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from datasketch import MinHash, MinHashLSH  # type: ignore[import-untyped]
from sqlalchemy.orm import Session

from dispatch.insight.wording import MEANING, WORDS, characters, meanings, plain
from dispatch.knowledge.embedding import Encoder
from dispatch.orders import counting
from dispatch.orders.counting import Told
from dispatch.understanding.schemas import PlaceOut

THRESHOLD = 0.38
"""Score from which on two orders are shown as perhaps one; chosen on the simulated complaints of ``jsjb bench insight``."""

_BACK = timedelta(days=30)
_READ = 24
"""Candidates, the most alike by their characters, whose meaning is compared: a twentieth of a second's work."""

_SAME_PERSON, _SAME_COMMUNITY, _SAME_DETAIL, _OTHER_COMMUNITY, _OTHER_MATTER = 0.05, 0.06, 0.06, -0.1, -0.03
_HASHES, _JACCARD, _RUN = 128, 0.4, 2


@dataclass(frozen=True, slots=True)
class Similar:
    """An earlier order that may be about the same: how sure (0 to 1) and what speaks for it, in Chinese."""

    number: str
    score: float
    same_person: bool
    why: tuple[str, ...]


def similar(
    session: Session,
    text: str,
    *,
    place: PlaceOut,
    matter: str | None,
    now: datetime,
    lookup: str | None = None,
    before_id: int | None = None,
    limit: int = 5,
    encoder: Encoder | None = None,
) -> list[Similar]:
    """Return open orders of the last 30 days that ``text`` may repeat, the most alike first, at most ``limit``.

    Args:
        matter: the catalogue's code; orders of its whole group are looked at.
        lookup: keyed hash of the resident's number (``FieldCipher.lookup``): their own orders are looked at wherever they are.
        before_id: row id of the order itself, where it is filed already: only earlier ones are returned (a repeat merges into the earlier).
    """
    found = counting.nearby(session, street=place.street, matter=matter, lookup=lookup, since=now - _BACK, before_id=before_id)
    if not found:
        return []
    prepared = [plain(text), *(plain(each.text) for each in found)]
    vectors = characters(prepared)
    shared = (vectors[1:] @ vectors[0].T).toarray().ravel()
    closest = [int(each) for each in np.argsort(-(shared + [0.2 * _same_place(told, place) for told in found]), kind="stable")[:_READ]]
    meant = meanings([prepared[0], *(prepared[each + 1] for each in closest)], encoder)
    meaning = np.clip(meant[1:] @ meant[0], 0, 1)
    scored = [
        _scored(found[each], place, matter, WORDS * float(shared[each]) ** 0.5 + MEANING * float(meaning[position]))
        for position, each in enumerate(closest)
    ]
    return sorted((each for each in scored if each.score >= THRESHOLD), key=lambda each: -each.score)[:limit]


def duplicates(texts: Sequence[str]) -> list[tuple[int, ...]]:
    """Return groups of texts that are nearly the same characters (40 in 100 pairs of neighbouring ones in common), by their positions.

    Hashing (MinHash, LSH): the time grows with the number of texts, not with its square; about 1,600 texts a second.
    """
    index = MinHashLSH(threshold=_JACCARD, num_perm=_HASHES)
    runs: list[set[str]] = []
    leader: list[int] = []
    for position, text in enumerate(map(plain, texts)):
        own = {text[start : start + _RUN] for start in range(max(1, len(text) - _RUN + 1))}
        signature = MinHash(num_perm=_HASHES, seed=1)
        signature.update_batch([run.encode() for run in own])
        near = [other for other in sorted(index.query(signature)) if len(own & runs[other]) >= _JACCARD * len(own | runs[other])]
        runs.append(own)
        leader.append(leader[near[0]] if near else position)
        index.insert(position, signature)
    groups: dict[int, list[int]] = {}
    for position, first in enumerate(leader):
        groups.setdefault(first, []).append(position)
    return [tuple(members) for members in groups.values() if len(members) > 1]


def _scored(told: Told, place: PlaceOut, matter: str | None, score: float) -> Similar:
    why = [f"文字和意思相近（{score:.0%}）"]
    if told.same_person:
        score += _SAME_PERSON
        why.append("同一来电人")
    if place.community and told.community:
        score += _SAME_COMMUNITY if told.community == place.community else _OTHER_COMMUNITY
        if told.community == place.community:
            why.append("同一社区")
    if place.detail and told.detail == place.detail:
        score += _SAME_DETAIL
        why.append("同一地点")
    if matter and told.matter and told.matter != matter:
        score += _OTHER_MATTER
    return Similar(told.number, round(min(max(score, 0.0), 1.0), 2), told.same_person, tuple(why))


def _same_place(told: Told, place: PlaceOut) -> float:
    return float(bool(place.community and told.community == place.community)) + float(bool(place.detail and told.detail == place.detail))
