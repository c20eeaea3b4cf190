"""Which names a text mentions, and whether each is really meant as a place of this city."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nlu.place.gazetteer import Gazetteer, Name, Strength
from nlu.place.model import Area


@dataclass(frozen=True, slots=True)
class Mention:
    """A name as it stands in the text, ``text[start:end]``.

    ``longer`` is where a longer name that begins with it ends (望京 of 望京西路), or a road's own name; None where it is whole.
    """

    start: int
    end: int
    name: Name
    strength: Strength
    areas: tuple[Area, ...]
    longer: int | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """The mentions in order, whether the text speaks of Beijing or of somewhere else by name, and whether it says that it happens there."""

    mentions: list[Mention]
    beijing: bool
    elsewhere: Strength | None
    happens_elsewhere: bool


_MAX_HITS = 400
"""A text with more names than this is a list, not an address."""

_ROAD_AFTER = re.compile(r"[东南西北中内外]{0,2}(?:大街|大道|胡同|街(?!道)|路(?!口|灯|面|边|上)|巷|桥)")
_NEIGHBOUR_AFTER = re.compile(r"[东南西北中前后][里园苑]")  # 天坛东里 lies in the next street but one
_IS_ROAD = re.compile(r"[路街巷]$|大道$|胡同$")
_OTHER_NAME_AFTER = re.compile(r"(?:[东南西北新老大小]?(?:家园|花园|嘉园|[佳雅名馨欣丽御]苑|公寓|大厦|广场|新城|新村|庄园|国际|集团))")
_BUSINESS_AFTER = re.compile(r"酒店|宾馆|饭店|大学|学院|中学|小学|幼儿园|医院|商场|商城|市场|超市|公园|电影院|影城|牌")
_ADDRESS_AFTER = re.compile(
    r"(?:小区|社区|村|步行街|商圈|[东南西北中]?(?:区|院|里)(?!面|的|头)|[东南西北]门|[A-Za-z]?\d|[一二三四五六七八九十]+(?:号|区|里|期|楼|单元|院|队)|附近|这边|那边|这儿|那儿|这块|那块|那片|这片|一带|周边|地铁|站|号院|大院|家属院"
    r"|物业|居委会|村委会|派出所|街道|地区|镇|乡|业主|居民|住户|村民|门口|路口|的?(?:一个|某|老)小区|法院|区政府|城管|工商|税务|教委)"
)
_ADDRESS_BEFORE = re.compile(
    r"(?:住在|家住|居住|住址|住|家在|位于|坐落|地址|地点|家是|我们?是|我在|是|在|到|来自|搬到|搬来|北京市?"
    r"|(?P<above>[区县镇乡]|街道|地区))[的::,，是 ]{0,2}$"
)
# 牡丹园北里 isn't 牡丹园, 石门营四区 not the village; 南湖中园二区 may be what 南湖中园 is or its neighbour.
_OTHER_PART = re.compile(r"[东南西北中](?:里|区|园|苑)|[东南西北]?(?:[一二三四五六七八九十]+|\d{1,2})[区里]")
_NUMBERED_PART = re.compile(r"[东南西北]?(?:[一二三四五六七八九十]+|\d{1,2})区")
_SUBJECT_AFTER = re.compile(r"[的有]|$")
_MASK = "*＊×"
_SURNAMES = set(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范石姚谭廖邹熊陆郝孔崔邱秦江顾侯邵孟龙段钱汤黎易武贺龚"
)
_CALLED_BEFORE = re.compile(
    r"(?:姓.[,，]?|[他她]|[小老][\u4e00-\u9fff]|同事|同学|朋友|师傅|老师|孩子)(?:名字?)?叫做?(?P<surname>[\u4e00-\u9fff]?)$"
)
_KNOWN_BEFORE = re.compile(
    r"(?:同事|同学|朋友|亲戚|战友|老乡|室友|邻居|老公|老婆|丈夫|妻子|爱人|儿子|女儿|对象|表[哥姐弟妹]|司机|经理|主任|大夫)(?P<surname>[\u4e00-\u9fff])$"
)
_LIVING_ELSEWHERE = re.compile(
    r"(?:人|籍|户口|户籍|老家|话|口音|来京|车牌|牌照|号牌|的?车|菜|面馆|烧烤|饭店|驻京|路|街|大厦|胡同|沙龙|大区|银行|大学)"
)
_ORIGIN_BEFORE = re.compile(r"(?:老家|籍贯|户籍|户口|来自|家乡|从|出生于|毕业于|出差|回|去|寄到|发往)(?:是|在|到)?$")
_HAPPENS_AT = re.compile(r"(?:在|家住|位于)(?:了|于)?$")
_HAPPENS_IN = re.compile(
    r"[^,，。;；!！?？ ]{0,6}?(?:那边|这边|那儿|这儿|当地|本地|市|区|县|镇|乡|街道)"
    r"|的[^,，。;；]{0,6}(?:楼盘|小区|医院|学校|房子|开发商|物业|工地|村)"
)
_HERE = re.compile(r"(?<!你们)(?<![打找]到)(?<!找)北京(?!(?:这边)?(?:能|可以|给|管|帮))|[进来到回]京|本市")
_STEP = re.compile(r"[北京来到在去搬回住,，。;；!！?？\n]")
_LETTER_CITY = re.compile(r"(?<![A-Za-z])[A-Z]\d?市|(?<![A-Za-z])[A-Z]\d{1,2}县")  # another city's places made anonymous
_LETTER_DISTRICT = re.compile(r"(?<![A-Za-z0-9])[A-M]\d区(?!\d)")


def scan(text: str, gazetteer: Gazetteer) -> Scan:
    """Return what ``text`` (normalised) mentions; names that the words around them disown are left out."""
    hits = _longest(text, gazetteer)
    beijing = any(name.kind == "beijing" for _, _, name in hits)
    abroad = _abroad(text, hits)
    elsewhere = max((name.strength for _, _, name in abroad), default=None)
    if elsewhere is None:
        elsewhere = Strength.OFFICIAL if _LETTER_CITY.search(text) else Strength.STRONG if _LETTER_DISTRICT.search(text) else None
    ends = [end for _, end, _ in abroad]
    mentions = []
    for start, end, name in hits:
        if name.kind in ("elsewhere", "beijing", "word") or any(_belongs_to(text, at, start) for at in ends):
            continue
        mention = _judged(text, start, end, name, gazetteer)
        if mention is not None:
            mentions.append(mention)
    return Scan(mentions, beijing, elsewhere, _happens_elsewhere(text, abroad))


def _longest(text: str, gazetteer: Gazetteer) -> list[tuple[int, int, Name]]:
    """Return the hits that don't overlap, longer before shorter, in the order of the text."""
    names, lengths = gazetteer.names, gazetteer.lengths
    found = []
    for start, head in enumerate(map(str.__add__, text, text[1:])):
        for length in lengths.get(head, ()):
            name = names.get(text[start : start + length])
            if name is not None:
                found.append((length, start, start + length, name))
        if len(found) >= _MAX_HITS:
            break
    found.sort(key=lambda hit: (-hit[0], hit[1]))
    taken = bytearray(len(text))
    kept = []
    for _, start, end, name in found:
        if not any(taken[start:end]):
            taken[start:end] = b"\x01" * (end - start)
            kept.append((start, end, name))
    kept.sort(key=lambda hit: hit[0])
    return kept


def _abroad(text: str, hits: list[tuple[int, int, Name]]) -> list[tuple[int, int, Name]]:
    """Return the hits that place the matter in another city; 河南 of 河南驻马店来京务工 is judged by what follows 驻马店."""
    found = []
    origin_from = -1
    for start, end, name in reversed(hits):
        if name.kind != "elsewhere":
            continue
        if end == origin_from or not _is_elsewhere(text, start, end):
            origin_from = start
        else:
            found.append((start, end, name))
    return found


def _is_elsewhere(text: str, start: int, end: int) -> bool:
    """河北人, 车牌是山东的, 老家在河南 tell where somebody is from, not where the matter is."""
    return not _LIVING_ELSEWHERE.match(text, end) and not _ORIGIN_BEFORE.search(text[max(0, start - 5) : start])


def _happens_elsewhere(text: str, abroad: list[tuple[int, int, Name]]) -> bool:
    """我在保定, 天津那边的楼盘, and nothing here; 找北京有用吗 only asks this city to see to it."""
    cities = [(start, end) for start, end, name in abroad if not name.text.endswith(("区", "县", "旗"))]
    told = any(_HAPPENS_AT.search(text[max(0, start - 3) : start]) or _HAPPENS_IN.match(text, end) for start, end in cities)
    return told and not _HERE.search(text)


def _belongs_to(text: str, city_end: int, start: int) -> bool:
    """长沙市天心区新华街道: the name stands in another city's address."""
    gap = text[city_end:start]
    return 0 <= start - city_end <= 8 and not _STEP.search(gap)


def _judged(text: str, start: int, end: int, name: Name, gazetteer: Gazetteer) -> Mention | None:
    strength, areas = name.strength, name.areas
    longer = end if _IS_ROAD.search(name.text) else None
    before = text[max(0, start - 8) : start]
    masked_before = before[-1:] in _MASK and before != ""
    if masked_before and not (name.kind == "district" and strength is Strength.OFFICIAL):
        return None
    if strength is not Strength.OFFICIAL:
        if text[end : end + 1] in _MASK and end < len(text) and name.kind != "district":
            return None
        if _is_person(text, start, end, before, name, gazetteer):
            return None
        registered = name.kind == "district" and strength is Strength.STRONG  # 北京海淀某某公司 sits there at least
        if not registered and gazetteer.organisation_after.match(text, end):
            return None
        if road := _ROAD_AFTER.match(text, end):
            if strength < Strength.STRONG or name.kind == "district":
                return None
            longer = road.end()
            areas = tuple(dict.fromkeys(Area(area.district) for area in areas))
        elif (part := _NEIGHBOUR_AFTER.match(text, end)) and name.kind in ("street", "landmark"):
            longer = part.end()
            known = gazetteer.names.get(text[start : end + 1] + "社区")  # 呼家楼北社区 vouches for 呼家楼北里
            areas = known.areas if known else tuple(dict.fromkeys(Area(area.district) for area in areas))
            areas = tuple(dict.fromkeys(Area(area.district, area.street) for area in areas))
        elif _OTHER_NAME_AFTER.match(text, end) and strength < Strength.STRONG:
            return None
        if strength is Strength.ORDINARY and (_BUSINESS_AFTER.match(text, end) or not _in_address(text, start, end, name.kind)):
            strength = Strength.WEAK
    named = any(area.community for area in areas) and not name.text.endswith(("社区", "村"))
    other = _OTHER_PART.match(text, end) if named else None
    if other and (name.rest or not _NUMBERED_PART.match(text, end) or _is_village(name)):
        longer = other.end()
        areas = tuple(dict.fromkeys(Area(a.district, a.street) for a in (*areas, *name.rest)))
    return Mention(start, end, name, strength, areas, longer)


def _is_village(name: Name) -> bool:
    return not name.text.endswith("村") and any((area.community or "").endswith("村") for area in name.areas)


def _in_address(text: str, start: int, end: int, kind: str) -> bool:
    if start == 0 and _SUBJECT_AFTER.match(text, end):
        return True
    if _ADDRESS_AFTER.match(text, end):
        return True
    before = _ADDRESS_BEFORE.search(text[max(0, start - 8) : start])
    return before is not None and not (kind == "district" and before["above"])


def _is_person(text: str, start: int, end: int, before: str, name: Name, gazetteer: Gazetteer) -> bool:
    if before.endswith(gazetteer.person_before):
        return True
    known = _CALLED_BEFORE.search(before) or _KNOWN_BEFORE.search(before)
    if known and end - start == 2 and (known[0].startswith("姓") or (known["surname"] or name.text[0]) in _SURNAMES):
        return True
    surname = before[-1:] in _SURNAMES
    if surname and name.text in gazetteer.given_names:
        return True
    if not text.startswith(gazetteer.person_after, end):
        return False
    return (surname and end - start == 2) or (name.text[0] in _SURNAMES and 2 <= end - start <= 3)
