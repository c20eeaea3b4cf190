"""From the mentions in a text to one place: levels must agree, and what they don't decide stays open."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from nlu.place import correction, detail
from nlu.place.gazetteer import Strength, gazetteer
from nlu.place.model import Area, Place
from nlu.place.names import street_short
from nlu.place.scan import Mention, Scan, scan
from nlu.text import normalise

_CERTAINTY = {Strength.OFFICIAL: 0.98, Strength.STRONG: 0.95, Strength.ORDINARY: 0.88, Strength.WEAK: 0.85}
_BESIDE = re.compile(
    r"[的,，、 \-—/()（）:：]{0,2}(?:市|区|县|镇|乡|街道|地区|这边|那边|那里|那儿|附近|城区|大街|路|街|胡同)?"
    r"(?:\d{1,4}号院?)?[的,，、 ()（）]{0,2}"
)
_PART = re.compile(r"[东南西北中前后一二三四五六七八九十][里区街院园条村队]")  # 北里, 二区: part of some name, in every district
_LIST_MARKS = {"、", "和", "与", "及", "跟", "或", "还是"}
_CLEAR_LEAD = 2
_MAX_CANDIDATES = 8
_SHORT_MESSAGE = 25


@dataclass(slots=True)
class _Group:
    """Mentions that describe one place together, and the areas they leave."""

    areas: list[Area]
    mentions: list[Mention] = field(default_factory=list)
    detail: str | None = None
    bent: bool = False  # a quarter's name used beyond its street (望京 of what lies next to it)

    @property
    def start(self) -> int:
        return self.mentions[0].start

    @property
    def certainty(self) -> float:
        doubt = 1.0
        for mention in self.mentions:
            doubt *= 1 - _CERTAINTY[mention.strength]
        return min(0.99, 1 - doubt) * (0.85 if self.bent else 1.0)


def resolve(text: str, near: Place | None = None) -> Place:
    """Return where ``text`` says it is.

    ``near`` is what is known already (the draft's place): it decides between namesakes and completes a message that gives
    only a building, and it gives way to a message that names another place. A message without any place gives an empty
    Place, whatever ``near``. At most 20,000 characters are read.
    """
    text = normalise(text)
    context = _area_of(near)
    mentioned = scan(text, gazetteer())
    groups = _grouped(text, _believed(text, mentioned, context))
    if context:
        for group in groups:
            group.areas = _joined(group.areas, [context]) or _same_district(group.areas, context) or group.areas
    for group in groups:
        group.detail = _detail(text, group)
    chosen = _chosen(text, groups)
    if chosen:
        return _place(text, chosen, several=len(groups) > 1)
    if context and context.street and len(text) <= _SHORT_MESSAGE:
        continued = _continued(text, context)
        if continued:
            return continued
    found = detail.anywhere(text)
    if found is None or near is None or context is None:
        return Place(detail=found, elsewhere=mentioned.happens_elsewhere)
    return replace(near, detail=found, evidence=(), confidence=min(near.confidence or 0.8, 0.9))


def _continued(text: str, context: Area) -> Place | None:
    """西园四区 after 望京街道 is 望京西园四区: read the message as the end of a name that the known street begins."""
    short = street_short(context.street or "")
    place = resolve(short + text)
    if not place.community or place.district != context.district or not place.evidence[0].startswith(short):
        return None
    ending = place.evidence[0][len(short) :]
    return replace(place, evidence=(ending, *place.evidence[1:])) if ending else None


def _area_of(place: Place | None) -> Area | None:
    return Area(place.district, place.street, place.community) if place and place.district else None


def _joined(first: Iterable[Area], second: Iterable[Area]) -> list[Area]:
    second = list(second)
    return list(dict.fromkeys(c for a in first for b in second if (c := a.joined(b))))


def _same_district(areas: Sequence[Area], context: Area) -> list[Area]:
    return [area for area in areas if area.district == context.district]


def _believed(text: str, found: Scan, context: Area | None) -> list[Mention]:
    """Return the mentions that count: those strong enough by themselves, and weaker ones that a neighbour confirms."""
    mentions = correction.standing(text, found.mentions)
    paired = _paired(text, mentions)
    anchors = [m for m in mentions if m.strength >= Strength.ORDINARY or m in paired]
    if found.elsewhere is not None and not found.beijing:
        if found.elsewhere is Strength.OFFICIAL and not any(m.name.kind == "district" and m.strength is Strength.OFFICIAL for m in anchors):
            return []
        anchors = [m for m in anchors if m.strength >= Strength.STRONG]
    short = len(text) <= _SHORT_MESSAGE
    believed: list[Mention] = []
    chain: list[Area] = []  # what the names right before say together
    for mention in mentions:
        if mention not in anchors and not _listed(text, mention, mentions):
            confirmed = _confirmed(text, mention, believed[-1] if believed else None, chain, anchors, context if short else None)
            if confirmed is None:
                continue
            mention = confirmed
        beside = believed and _BESIDE.fullmatch(text, believed[-1].end, mention.start)
        chain = (_joined(chain, mention.areas) if beside else []) or list(mention.areas)
        believed.append(mention)
    return believed


def _paired(text: str, mentions: list[Mention]) -> list[Mention]:
    """Return the weak names that vouch for each other: in 大兴黄村 what lies in the district follows its short name at once."""
    found: list[Mention] = []
    for first, second in pairwise(mentions):
        if first.name.kind == "district" and second.name.kind != "district" and text[first.end : second.start] in ("", "的"):
            areas = _fitting(second, first.areas)
            if areas:
                found += [first, second]
    return found


def _listed(text: str, mention: Mention, mentions: list[Mention]) -> bool:
    """东城、西城、朝阳、海淀哪里能办: a district's short name in a list of districts."""
    if mention.name.kind != "district":
        return False
    others = [m for m in mentions if m is not mention and m.name.kind == "district"]
    return any(text[min(m.end, mention.end) : max(m.start, mention.start)] in _LIST_MARKS for m in others)


def _confirmed(
    text: str, weak: Mention, previous: Mention | None, chain: list[Area], anchors: list[Mention], context: Area | None
) -> Mention | None:
    """Return the weak mention with the areas that the place beside it (or the known context) confirms."""
    following = next((m for m in anchors if m.start >= weak.end), None)
    for left, right, beside in ((previous, weak, chain), (weak, following, following.areas if following else ())):
        if left is None or right is None or not _BESIDE.fullmatch(text, left.end, right.start):
            continue
        if len(weak.name.text) == 2 and _PART.fullmatch(weak.name.text):
            beside = [area for area in beside if area.street]
        areas = _fitting(weak, beside)
        if areas:
            return replace(weak, areas=tuple(areas))
    if context is not None:
        areas = _fitting(weak, [context]) or _fitting(weak, [Area(context.district)])
        if areas:
            return replace(weak, areas=tuple(areas))
    return None


def _fitting(mention: Mention, known: Iterable[Area]) -> list[Area]:
    """Return what the name means in the known areas: what it means by itself before what it may mean besides."""
    known = list(known)
    fits = [[a for a in meanings if any(a.joined(b) for b in known)] for meanings in (mention.areas, mention.name.rest)]
    return fits[0] or fits[1]


def _grouped(text: str, mentions: list[Mention]) -> list[_Group]:
    groups: list[_Group] = []
    for mention in mentions:
        for group in reversed(groups):
            areas = _joined(group.areas, mention.areas) or _joined(group.areas, mention.name.rest)
            if not areas:
                areas = _bent(text, group, mention)
                group.bent = group.bent or bool(areas)
            if areas:
                group.areas = areas
                group.mentions.append(mention)
                break
        else:
            if not _namesake(text, groups, mention):
                groups.append(_Group(list(mention.areas), [mention]))
    return groups


def _namesake(text: str, groups: list[_Group], mention: Mention) -> bool:
    """魏善庄镇的月季园: right after an official name, what we know elsewhere only must be another of the same name."""
    if not groups or mention.strength is Strength.OFFICIAL:
        return False
    last = groups[-1].mentions[-1]
    return last.strength is Strength.OFFICIAL and text[last.end : mention.start] in ("", "的", ",", "，", " ")


def _bent(text: str, group: _Group, mention: Mention) -> list[Area]:
    """望京 right before what lies in the next street of the same district: the more exact name stands."""
    last = group.mentions[-1]
    if text[last.end : mention.start] not in ("", "的") or last.strength is Strength.OFFICIAL:
        return []
    deeper = max(a.depth for a in mention.areas) > max(a.depth for a in group.areas)
    districts = {area.district for area in group.areas}
    return [area for area in mention.areas if area.district in districts] if deeper else []


def _detail(text: str, group: _Group) -> str | None:
    limit = len(text)
    for mention in reversed(group.mentions):
        found = detail.after(text, mention.longer or mention.end, limit)
        if mention.longer and mention.longer <= limit and mention.name.kind != "district":
            found = text[mention.start : mention.longer] + (found or "")
        if found:
            return found
        limit = mention.start
    return None


def _without(text: str, mentions: list[Mention]) -> str:
    for mention in mentions:
        text = text[: mention.start] + "，" * (mention.end - mention.start) + text[mention.end :]
    return text


def _chosen(text: str, groups: list[_Group]) -> list[_Group]:
    """Return the groups that may be meant: one where the words decide, else all."""
    if len(groups) < 2:
        return groups
    corrected = correction.last_correction(text)
    if corrected >= 0:
        later = [group for group in groups if group.start >= corrected]
        if later and len(later) < len(groups):
            groups = later
    if len(groups) < 2:
        return groups
    scored = sorted(((_weight(text, group), -group.start, group) for group in groups), key=lambda entry: entry[:2], reverse=True)
    best, _, group = scored[0]
    return [group] if best - scored[1][0] >= _CLEAR_LEAD else groups


def _weight(text: str, group: _Group) -> int:
    first, last = group.mentions[0], group.mentions[-1]
    depth = max(area.depth for area in group.areas)
    numbered = 2 if group.detail and re.search(r"\d|单元|号楼", group.detail) else 0
    return correction.homeliness(text, first.start, last.end) + depth + numbered


def _place(text: str, groups: list[_Group], *, several: bool) -> Place:
    areas = list(dict.fromkeys(area for group in groups for area in group.areas))
    district = _agreed([a.district for a in areas])
    street = _agreed([a.street for a in areas]) if district else None
    community = _agreed([a.community for a in areas]) if street else None
    found = groups[0].detail if len(groups) == 1 else None
    if found is None and len(groups) == 1:
        found = detail.anywhere(_without(text, groups[0].mentions))
    confidence = min(group.certainty for group in groups) * (0.9 if several else 1.0)
    open_areas = areas if 1 < len(areas) <= _MAX_CANDIDATES else []
    evidence = dict.fromkeys(text[m.start : m.end] for group in groups for m in group.mentions)
    return Place(
        district,
        street,
        community,
        found,
        round(confidence, 2) if district else 0.0,
        tuple(Place(a.district, a.street, a.community, found, round(confidence / len(open_areas), 2)) for a in open_areas),
        tuple(evidence),
    )


def _agreed(values: list[str | None]) -> str | None:
    return values[0] if len(set(values)) == 1 else None
