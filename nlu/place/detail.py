"""What follows the gazetteer's part of an address: road and number, compound, building, unit, room, gate."""

from __future__ import annotations

import re

_NUMBER = r"(?:[甲乙丙丁]?\d{1,5}(?:[-—之]\d{1,4}){0,4}|[一二三四五六七八九十百零〇两]{1,5}|[A-Za-z]\d{0,3}|[甲乙丙丁东南西北中])"
_HAN = "[\u4e00-\u9fff]"
_COMPOUND = (
    r"(?:小区|家园|花园|嘉园|[佳雅名馨欣丽御锦]苑|苑|公寓|家属院|家属楼|宿舍|大厦|别墅|新村|新城|庄园|大院|胡同"
    r"|农贸市场|菜市场|市场|商场|超市|小学|中学|幼儿园|医院|公园|广场(?!舞)|中心|商务园|产业园|写字楼)"
)
_ROAD = (
    r"(?:大街|大道|胡同|街(?!道|坊|边|上)|(?<![修堵铺占绕挖拦让过走问带同一半压轧碾封扫])"
    r"路(?!灯|面|口|边|上|过|费|由|线|障|段|人|况|标|牌|政)|巷|[一二三四五六七八九十]条)"
)
_BLOCK = rf"(?:[东南西北中]?{_NUMBER}?(?:区|期|里|院)(?!域|别|里|子|长|委|政))"
_HOUSE = (
    rf"(?:{_NUMBER}号?(?:楼|院|栋|幢|座)(?!上|下|道|顶|里|盘|层)|{_NUMBER}#楼?"
    rf"|{_NUMBER}号(?!线|召|码|称)(?:院|楼)?|(?<![\d-])(?!400|800|0)\d{{1,3}}(?:-\d{{1,4}}){{1,3}}(?![\d-]))"
)
_INSIDE = rf"(?:{_NUMBER}(?:单元|门(?!口)|层|楼层|室|户)|\d{{3,4}}(?:室|房)?(?![\d元块年人户天个多路平月点.%次分米号度家]))"
_SPOT = (
    r"(?:[东南西北正后侧大]{1,2}门口?|门口|门前|对面|旁边|附近|楼下|楼顶|地下(?:车库|停车场|室|一层|二层)|地库|停车场"
    r"|(?:十字)?路口|[东南西北]侧|桥下|[东西][南北]角)"
)
_NAMED = rf"(?:{_HAN}{{1,7}}?{_ROAD}(?:[东南西北中]段)?|{_HAN}{{2,8}}?{_COMPOUND})"
_TAIL = rf"(?:{_BLOCK}|{_HOUSE}|{_INSIDE})"

_GAP = re.compile(r"(?:小区|社区|村|镇|街道|地区|新区|院(?=\d))?[的,，、 ()（]{0,2}")
_NAME = re.compile(_NAMED)
_TAILS = re.compile(rf"[,， ]?{_TAIL}(?:[,， ]?{_TAIL})*")
_PLACE_AT = re.compile(rf"的?{_SPOT}")
_CORE = re.compile(rf"(?=[甲乙丙丁\d一二三四五六七八九十百零〇两A-Za-z东南西北中]){_HOUSE}(?:[,， ]?{_TAIL})*(?:的?{_SPOT})?")
_BUILDING = re.compile(r"\d|楼|号|单元|栋|幢|座|层|室")
_NAME_BEFORE = re.compile(rf"{_HAN}{{2,12}}(?:{_COMPOUND}|{_ROAD})(?:{_BLOCK})?$")
_HOME = re.compile(rf"(?=[小家花嘉苑公])(?:小区|家园|花园|嘉园|苑|公寓|家属院)(?:小区)?(?P<rest>{_BLOCK}?(?:的?{_SPOT})?)")
_HAN_BEFORE = re.compile(rf"{_HAN}{{1,10}}$")
_CUE = re.compile(
    r".*(?:住在|家住|居住|位于|地址|就是|我是|我们|咱们|这里|反映|投诉|举报|请问|关于|你好|您好|附近|现在|有个|一个|物业|业主|先生|女士|[住在是于到的了去从和跟与把被让给向找问说有我你他她它们这那就都也还])"
)
_NO_NAME = re.compile(
    r"^(?:号院?|号楼|[东西南北中]里|本|该|各|全|整个?|每个?|某个?|老旧|老|新|高档|普通|封闭|开放|居民|住宅|别的|其他|隔壁|旁边|附近|周边|我家|自己|一些|很多|多个|所有|商品房|回迁|安置|拆迁|智慧|文明|绿色|有些|不少|同一|租住|出|入|进出?)+(?:小区|家园|花园|公寓|家属院|宿舍|大院)$"
)
_SENTENCE_WORD = re.compile(r"[的了吗呢吧我你他她们这那没不都就也还被把让给请能要会想去到在和跟与从往说问找有是人个]")
_NAME_WORD = re.compile(
    r"[么很些坏停漏]|严重|干扰|告知|导致|影响|破坏|进入|业主|物业|全部|领导|各种|违规|违章|居民|社区的|经过|没有|管理|周围|改造|建设"
    r"|规划|公租|出租"
)
_COMMON_ROADS = {"铁路", "公路", "马路", "道路", "大街", "小路", "土路", "大道", "胡同", "一路", "学校", "医院", "超市"}
_MAX = 40
_MAX_PARTS = 3  # a road with its number, a compound with its block, a building with its room


def after(text: str, end: int, limit: int) -> str | None:
    """Return the detail that directly follows position ``end`` and ends before ``limit``, or None."""
    gap = _GAP.match(text, end, limit)
    begin = at = gap.end() if gap else end
    for _ in range(_MAX_PARTS):
        named = _NAME.match(text, at, limit)
        if named and _is_name(named[0]):
            at = named.end()
        else:
            named = None
        tails = _TAILS.match(text, at, limit)
        if tails:
            at = tails.end()
        if not named and not tails:
            break
    spot = _PLACE_AT.match(text, at, limit)
    return _clean(text[begin : spot.end() if spot else at])


def _is_name(words: str) -> bool:
    if _SENTENCE_WORD.search(words) or words in _COMMON_ROADS:
        return False
    return words.endswith(("路", "街", "道")) or not _NAME_WORD.search(words)


def anywhere(text: str) -> str | None:
    """Return the first detail that stands by itself: a compound or road with its number, a building with its unit."""
    for match in _CORE.finditer(text):
        core = match[0]
        name = _name_before(text, match.start())
        found = _clean(name + core)
        if found and (name or _certain(core)):
            return found
    for match in _HOME.finditer(text):
        before = _HAN_BEFORE.search(text, max(0, match.start() - 10), match.start())
        if before is None or text[before.start() - 1 : before.start()] == "*":
            continue
        name = _CUE.sub("", before[0] + text[match.start() : match.start("rest")]).lstrip("市区县")
        if len(name) > 3 and not _NO_NAME.match(name) and not _NAME_WORD.search(name):
            return _clean(name + match["rest"])
    return None


def _certain(core: str) -> bool:
    """A bare 三楼 or 5号 is no address; 3号楼, 12栋, 2单元 are."""
    return bool(re.search(r"\d(?:号楼|号院|栋|幢|楼|单元|#)|单元|号楼|[A-Za-z]座|\d-\d+-\d+|\d门\d{3}", core))


def _name_before(text: str, start: int) -> str:
    match = _NAME_BEFORE.search(text[max(0, start - 16) : start])
    if not match:
        return ""
    name = _CUE.sub("", match[0]).lstrip("市区县")
    return "" if len(name) < 3 or _NO_NAME.match(name) or _NAME_WORD.search(name) else name


def _clean(found: str) -> str | None:
    found = found.strip(" ,，、的()（")
    if not found or len(found) > _MAX:
        return None
    if found.isdigit() or found in _COMMON_ROADS:
        return None
    if not _BUILDING.search(found) and _SENTENCE_WORD.search(found):
        return None
    return found if len(found) > 1 else None
