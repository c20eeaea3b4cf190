"""How an official name and the names that people use for it hang together."""

from __future__ import annotations

import re

from nlu.text import normalise

_ADMINISTRATIVE = re.compile(
    r"(?:满族蒙古族乡|回族乡|满族乡|民族乡|街道办事处|街道|地区|镇|乡)$",
)
_COMMITTEE = re.compile(r"(?:社区居民委员会|社区居委会|居民委员会|居委会|村民委员会|村委会|生活区)$")
_COOPERATIVE = re.compile(r"股份经济合作社$")
_ORDINAL_TAIL = re.compile(
    r"(?:第[一二三四五六七八九十]+"
    r"|[东南西北中]?[一二三四五六七八九十]{1,2}(?:区|里|村|院|街|条|社)?"
    r"|[东南西北中](?:区|里|院)?)$"
)
_NUMERAL = re.compile(r"[一二三四五六七八九十]+(?=区|里|村|号|院|期|条|社|街)")
_DIGITS = {c: i for i, c in enumerate("一二三四五六七八九", start=1)}
MIN_STEM = 3
"""A stem shorter than this says nothing."""


def street_short(name: str) -> str:
    """Return a street's or town's name without 街道, 地区, 镇, 乡 and the like; a name of one remaining character stays whole (杨镇)."""
    short = _ADMINISTRATIVE.sub("", name)
    return short if len(short) > 1 else name


def community_name(village: str) -> str:
    """Return the name an order shows for an official committee: 南湖西园社区居委会 -> 南湖西园社区, 大唐庄村民委员会 -> 大唐庄村."""
    name = _COOPERATIVE.sub("", _COMMITTEE.sub("", village))
    if name.endswith(("社区", "村")):
        return name
    return name + ("村" if "村" in village[len(name) :] else "社区")


def community_core(name: str) -> str:
    """Return a community's name without 社区 or 村, as people say it; what would be one character long stays whole."""
    for suffix in ("社区", "村"):
        if name.endswith(suffix) and len(name) - len(suffix) > 1:
            return name[: -len(suffix)]
    return name


def stems(core: str) -> list[str]:
    """Return what several numbered communities share: 芳古园一区第二 -> 芳古园一区, 芳古园."""
    found: list[str] = []
    rest = core
    while True:
        shorter = _ORDINAL_TAIL.sub("", rest)
        if shorter == rest or len(shorter) < MIN_STEM:
            return found
        rest = shorter
        found.append(rest)


def _arabic(match: re.Match[str]) -> str:
    tens, mark, ones = match[0].rpartition("十")
    if not mark:
        return "".join(str(_DIGITS[c]) for c in ones)
    return str(_DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0))


def digit_form(name: str) -> str:
    """Return ``name`` with its numerals as digits, as people type them: 龙锦苑四区 -> 龙锦苑4区, 十三区 -> 13区."""
    return _NUMERAL.sub(_arabic, name)


def plain(name: str) -> str:
    """Return ``name`` as it stands in a normalised text: a rare character may have a simplified form there (海鶄落)."""
    try:
        name.encode("gb2312")
    except UnicodeEncodeError:
        return normalise(name)
    return name
