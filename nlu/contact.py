"""Contact details in a message: found for the order, masked for everybody else (Art. 12(4), 26).

Only what the resident gives as their own is *found*: the number of the property company isn't where the callback goes.
Everything personal is *masked*, whoever it belongs to.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import zhconv

from nlu.files import data_path, read_yaml


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach the resident: ``phone`` as digits (landline ``010-62345678``), ``name`` as given; None where not given."""

    phone: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    masked: str


# --- folding


class _Fold(dict[int, str]):
    """Character to its half-width, simplified form of the same length, so that positions stay those of the original text."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if char.isdecimal():
            folded = str(unicodedata.decimal(char))
        else:
            folded = unicodedata.normalize("NFKC", char)
            if not folded.isascii():
                folded = zhconv.convert(folded, "zh-hans")
            if len(folded) != 1 or folded.isdecimal():  # ² and ① are no digits of a number
                folded = char
        self[code] = folded
        return folded


_FOLD = _Fold()


@lru_cache(maxsize=8)
def _fold(text: str) -> str:
    return text.translate(_FOLD)


# --- numbers

_BREAK = r"[ \t\u00a0\u200b-\u200f\u2060\ufeff.\-_~‐-―−·]"
# The four digits that a mask leaves must not become the start of another number: hence no asterisk beside numbers in groups.
_START = r"(?<![0-9*])"
_END = r"(?![0-9*])"

_ORDER = re.compile(
    rf"(?<![A-Za-z])b{_BREAK}?j{_BREAK}{{0,3}}((?:[0-9]{_BREAK}?){{8}}){_BREAK}{{0,3}}((?:[0-9]{_BREAK}?){{5}}[0-9]){_END}", re.IGNORECASE
)
_ORDER_WITHOUT_PREFIX = re.compile(
    rf"(?:(?<!订)单号|编号|工单)(?:码)?(?:是|为|[::])?\s{{0,3}}(20[0-9]{{6}}){_BREAK}{{1,3}}([0-9]{{6}}){_END}"
)
_ORDER_DATE = re.compile(r"20[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")

# A mobile number's eleven digits in the groups that people write; "1500-2000 元" must not become one.
_GROUPINGS = ((3, 4, 4), (3, 3, 5), (3, 5, 3), (4, 3, 4), (5, 6), (3, 8), (7, 4), (1,) * 11)


def _mobile_pattern() -> str:
    forms = []
    for sizes in _GROUPINGS:
        digits = ["1[3-9]" + (f"[0-9]{{{sizes[0] - 2}}}" if sizes[0] > 2 else "") if sizes[0] > 1 else "1"]
        digits += [f"[0-9]{{{size}}}" for size in sizes[1:]]
        if sizes[0] == 1:
            digits[1] = "[3-9]"
        forms.append(rf"{_BREAK}{{1,3}}".join(digits))
    return "|".join(forms)


_MOBILE = re.compile(
    rf"(?<![0-9])(?:\+?86{_BREAK}{{0,2}})?(1[3-9][0-9]{{9}})(?![0-9])|{_START}(?:\+?86{_BREAK}{{0,2}})?({_mobile_pattern()}){_END}"
)
_LANDLINE = re.compile(rf"{_START}\(?(0(?:10|2[0-9]|[3-9][0-9]{{2}}))(?:\)|{_BREAK}){{0,2}}([2-8][0-9]{{3}}{_BREAK}?[0-9]{{3,4}}){_END}")
_LOCAL_LANDLINE = re.compile(
    rf"(?:电话|座机|固话|tel|(?:家里?|我)的?号|(?:区号0?10[^0-9]{{0,6}}))(?:号?码)?(?:是|为|[::])?\s{{0,3}}([2-8][0-9]{{3}}{_BREAK}?[0-9]{{4}}){_END}",
    re.IGNORECASE,
)
_NUMERAL_VALUES = {
    **dict(zip("〇一二三四五六七八九", "0123456789", strict=True)),
    "零": "0",
    "○": "0",
    "幺": "1",
    "么": "1",
    "两": "2",
    "洞": "0",
}
_NUMERAL_VALUES.update(zip("壹贰叁肆伍陆柒捌玖", "123456789", strict=True))
_NUMERALS = re.compile(
    rf"(?<![0-9{''.join(_NUMERAL_VALUES)}])[1一幺壹](?:[,、 \-]?[0-9{''.join(_NUMERAL_VALUES)}]){{10}}(?![0-9*{''.join(_NUMERAL_VALUES)}])"
)
_SPOKEN = re.compile(rf"[0-9{''.join(_NUMERAL_VALUES)}](?:[,、 ]?[0-9{''.join(_NUMERAL_VALUES)}]){{7,}}")
_WRITTEN = str.maketrans({**_NUMERAL_VALUES, ",": " ", "、": " "})

_IDENTITY = re.compile(
    r"(?<![0-9])[1-9][0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X](?![0-9])|"
    rf"{_START}[1-9][0-9]{{5}}{_BREAK}?(?:19|20)[0-9]{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]){_BREAK}?[0-9]{{3}}[0-9X]{_END}",
    re.IGNORECASE,
)
_IDENTITY_AFTER_CUE = re.compile(r"(?:身份证|证件号|公民身份)[^0-9\n]{0,8}([1-9][0-9]{13,16}[0-9X])(?![0-9*X])", re.IGNORECASE)
_BANK_CARD = re.compile(
    rf"(?:银行卡|卡号|账号|帐号)[^0-9\n]{{0,8}}([1-9][0-9]{{3}}(?:{_BREAK}?[0-9]{{4}}){{3}}(?:{_BREAK}?[0-9]{{1,3}})?){_END}"
)


def _digits(text: str) -> str:
    return "".join(_NUMERAL_VALUES.get(c, c) for c in text if c in _NUMERAL_VALUES or c in "0123456789")


def mask_phone(phone: str) -> str:
    """Return ``phone`` with its middle hidden: ``138****5678``, ``010-****5678``; anything else its last two digits."""
    digits = _digits(_fold(phone))
    if len(digits) == 13 and digits.startswith("86"):
        digits = digits[2:]
    if len(digits) == 11 and digits.startswith("1"):
        return f"{digits[:3]}****{digits[-4:]}"
    area = re.match(r"0(?:10|2[0-9]|[3-9][0-9]{2})", digits)
    if area and len(digits) - area.end() in (7, 8):
        return f"{area.group()}-****{digits[-4:]}"
    if len(digits) in (7, 8):
        return f"****{digits[-4:]}"
    return "****" + digits[-2:] if digits else phone


def _mask_identity(number: str) -> str:
    return number[:3] + "*" * (len(number) - 7) + number[-4:]


def _order_spans(folded: str) -> Iterator[tuple[int, int, str]]:
    for pattern in (_ORDER, _ORDER_WITHOUT_PREFIX):
        for match in pattern.finditer(folded):
            date, serial = _digits(match.group(1)), _digits(match.group(2))
            if _ORDER_DATE.fullmatch(date):
                yield match.start(), match.end(), f"BJ{date}-{serial}"


def order_numbers(text: str) -> list[str]:
    """Return the order numbers in ``text`` in the written form ``BJ20261123-000042``, each once, in order of appearance.

    Tolerates lower case, full-width characters, blanks and a missing dash. Without the letters BJ a number counts only
    after 单号, 编号 or 工单 and with its dash.
    """
    return list(dict.fromkeys(number for _, _, number in sorted(_order_spans(_fold(text)))))


# --- names


@lru_cache(maxsize=1)
def _name_patterns() -> tuple[re.Pattern[str], ...]:
    """Return the patterns whose group ``name`` is a name given as such: introduced, in a form's field, or beside a phone number."""
    words = _name_words()
    compound = "|".join(words["compound_surnames"])
    surname = f"(?:{compound}|[{''.join(words['single_surnames'].split())}])"
    titles = "|".join(words["titles"])
    not_name = f"(?!{'|'.join(words['not_names'])})"
    first = r"(?![的了是在不有要想没把被给让])[\u4e00-\u9fff]"
    # The last character belongs to the name unless it begins the next word: 王强|住在望京, 王强|电话, but 明辉建|联系电话.
    begins_word = "[住家在今电手联身是男女的了我和也来想要从有打现户本前这因就说反投咨举建你您系原曾]"
    plain_end = r"$|[\s,,。.、;;:：()!!/~|0-9二○〇]|联系|电话|手机|身份证|住"
    last = rf"(?!家住|电话|手机|先生|女士|同志|联系|身份)(?:(?!{begins_word})[\u4e00-\u9fff]|[\u4e00-\u9fff](?={plain_end}))"
    full = rf"{not_name}{surname}{first}(?:{last})?(?:·[\u4e00-\u9fff]{{1,8}})?"
    boundary = rf"(?={plain_end}|{begins_word}|先|同)"
    strict_boundary = rf"(?={plain_end}|[是系男女家])"
    polite = rf"{not_name}{surname}(?:{titles})"
    roles = "联系人|联络人|姓名|投诉人|反映人|举报人|来电人|申请人|求助人|署名|落款"
    nobody = "同上|匿名|保密|本人|业主|居民|群众|不详|没有|不便|物业|先生|女士"
    any_name = r"[\u4e00-\u9fff]{2,4}(?:·[\u4e00-\u9fff]{1,8})?|[A-Za-z]+(?: [A-Za-z]+){0,2}"
    address = f"(?P<name>{polite}|[小老]{surname})"
    phone_cue = "(?:[,:、 (]|的?(?:电话|手机|联系(?:电话|方式)|手机号)){0,2}(?:号码?)?(?:是|为|[::])?[ ]?"
    not_called = "(?!来[修看弄帮搬开管了我])"  # 我叫王强来修: sent for, not introduced
    introduced = rf"(?:我叫做?|我的?(?:名字|姓名|名儿?)(?:是|叫)|本人叫|本人姓名|敝人|免贵叫)[,: ]?(?P<name>{full}){not_called}{boundary}"
    surname_only = rf"(?:我姓|免贵复?姓|敝姓|本人姓|贵姓|我复姓)[,: ]?(?P<name>{surname})(?![\u4e00-\u9fff]?名)"
    bare_surname = rf"(?:^|[\n,。;:!? ])姓(?P<name>{surname})(?=[,。;!? ]|$)"
    after_surname = rf"(?:我|免贵|敝|本人)姓{surname}[,: ]?(?:名|全名|大名|名字)?叫?(?P<name>{full}){strict_boundary}"
    with_sex = rf"(?:^|[\n。;!?])(?P<name>{full})[, ][男女](?=[, ])"
    as_resident = rf"我是(?:居民|业主|住户|村民|租户|商户|市民|群众)(?P<name>{full}){strict_boundary}"
    signed = rf"(?:——|--)[ ]?(?P<name>{full}){strict_boundary}"
    nationality = "(?!Chinese|American|British|English|German|French|Japanese|Korean|Russian|Canadian|Australian|Indian|Italian|Spanish)"
    i_am = "(?:[Mm]y name is|I ?['’]?a?m|[Tt]his is(?=[A-Za-z ]+(?:,| speaking)))"
    english = rf"\b{i_am} {nationality}(?P<name>[A-Z][a-z]+(?: [A-Z][a-z]+)?)\b"
    in_field = rf"(?:{roles})(?:姓名)?(?:是|为|叫|[:;])?[ ]?(?P<name>{polite}|{full}){strict_boundary}"
    in_field_unusual = rf"(?:联系人|姓名|署名)[:][ ]?(?!{nobody})(?P<name>{any_name})(?=$|[\s,。.、;()/])"
    after_benren = rf"(?:^|[\n,。;:!? ])本人(?P<name>{full}){strict_boundary}"
    to_be_called = rf"(?:我是|叫我|称呼我)(?:为|叫)?[,: ]?{address}(?=$|[\s,,。.、;;!!()/~就吧]|的?电话|1[3-9])"
    before_mobile = rf"(?:^|[\n,。;、()!? ])(?P<name>{polite}|{full}){phone_cue}(?=1[3-9][0-9]{{5}})"
    resident_of = rf"我是(?:[\u4e00-\u9fff0-9]{{0,14}}的)?(?P<name>{full})(?=[,:、 ]?(?:我的)?(?:电话|手机|联系)[^,。]{{0,6}}[0-9])"
    given = (introduced, surname_only, bare_surname, after_surname, with_sex, as_resident, signed, english)
    written = (in_field, in_field_unusual, after_benren, to_be_called, before_mobile, resident_of)
    return tuple(re.compile(form) for form in (*given, *written))


def _names(folded: str) -> list[tuple[int, int]]:
    found = {match.span("name") for pattern in _name_patterns() for match in pattern.finditer(folded)}
    return sorted(found)


_TITLE_END = re.compile(r"(?:先生|女士|小姐|太太|大爷|大妈|大姐|大哥|阿姨|叔叔|师傅|老师|同志|经理|总)$")


def mask_name(name: str) -> str:
    """Return ``name`` with all but the surname hidden: 王建国 → 王**, 欧阳建国 → 欧阳**; 张女士 and a bare surname say no more and stay."""
    if len(name) < 2 or _TITLE_END.search(name) or (len(name) == 2 and name[0] in "小老"):
        return name
    kept = 2 if len(name) > 2 and name[:2] in _compound_surnames() else 1
    return name[:kept] + "*" * min(len(name) - kept, 3)


@lru_cache(maxsize=1)
def _compound_surnames() -> frozenset[str]:
    return frozenset(_name_words()["compound_surnames"])


@lru_cache(maxsize=1)
def _name_words() -> dict[str, Any]:
    words: dict[str, Any] = read_yaml(data_path("reading", "names.yml"))
    return words


# --- public


_OWN = re.compile(
    r"我的?|本人|联系(?:电话|方式|我)|手机号?|回电|回访|打给我|联系人|加我|留个|打我|家里?的?(?:电话|座机|号)|座机|区号|^(?:电话|座机|号码|tel)",
    re.IGNORECASE,
)
_SOMEBODY_ELSE = re.compile(
    r"(?:物业|客服|商家|老板|司机|对方|店家|店里|维修|居委会|社区|他|她|中介|房东|(?<!我)(?<!我们)(?:公司|单位)|驾校|学校|开发商|热线|投诉|服务|售后|前台|骗子|诈骗|广告|平台|管家|卖家|机构|领导|工头|邻居|推销|车主|陌生|街道|派出所|拨打|致电|预约|该|局|医院|中心|营业厅|我打)"
    r"[^,,。;;]{0,6}$"
)
_NO_PHONE = re.compile(
    r"(?:户号|单号|编号|表号|卡号|尾号|订单号?|流水号?|会员号|工号|案号|票号|序列号|凭证号|合同号?|车架号|房产证号)"
    r"(?:码)?(?:是|为|[::])?[ ]?$"
)
"""What such a word says right before a number: that it is none to ring."""
_NAME_OF_ANOTHER = re.compile(
    r"被(?:举报|投诉|申请|反映)人|(?:人员|民警|孩子|老板|司机|公司的?联系人|负责人|经理|医生|老师|对方|工头)\(?(?:的?姓名|叫|是|:|名)?[^,。]{0,3}$"
)
_NUISANCE = re.compile(r"^[^,。]{0,12}(?:骚扰|诈骗|推销|骗|垃圾短信|一直打|老打|给我打|打来|发来|发的)")


def find(text: str) -> Contact:
    """Return the resident's own phone and name as far as ``text`` gives them; None for what it doesn't.

    Of several numbers the one with 我的/联系电话 before it wins, then the first mobile. A landline needs such words. A number that
    is said to be somebody else's (物业电话, 骚扰电话) is never taken.
    """
    folded = _fold(text)
    orders = [(start, end) for start, end, _ in _order_spans(folded)]
    ranked: list[tuple[int, int, str]] = []
    for start, end, kind, number in _phones(folded):
        if any(a < end and start < b for a, b in orders):
            continue
        before = folded[max(0, start - 14) : start]
        clause = re.split(r"[,。;!?\n,]", before)[-1]
        if _NO_PHONE.search(before):
            continue
        own = bool(_OWN.search(clause)) and not _SOMEBODY_ELSE.search(clause)
        # A landline without a word about whose it is belongs to an office more often than to a resident.
        if not own and (kind == "landline" or _SOMEBODY_ELSE.search(clause) or _NUISANCE.match(folded[end : end + 20])):
            continue
        ranked.append((0 if own else 1, start, number))
    names = [folded[start:end] for start, end in _names(folded) if not _NAME_OF_ANOTHER.search(folded[max(0, start - 12) : start])]
    whole = max((name for name in names if name.startswith(names[0])), key=len, default=None)  # 我姓司马,叫司马南星
    return Contact(phone=min(ranked)[2] if ranked else None, name=whole)


def _phones(folded: str) -> Iterator[tuple[int, int, str, str]]:
    """Yield (start, end, "mobile" or "landline", number) for every phone number."""
    for match in _MOBILE.finditer(folded):
        yield *match.span(match.lastindex or 0), "mobile", _digits(match.group(match.lastindex or 0))
    for match in _NUMERALS.finditer(folded):
        number = _digits(match.group())
        if re.fullmatch(r"1[3-9][0-9]{9}", number) and not match.group().isascii():
            yield match.start(), match.end(), "mobile", number
    folded = _SPOKEN.sub(lambda match: match[0].translate(_WRITTEN), folded)  # 六二八八,九九零零 -> 6288 9900, of the same length
    for match in _LANDLINE.finditer(folded):
        yield match.start(), match.end(), "landline", f"{match.group(1)}-{_digits(match.group(2))}"
    for match in _LOCAL_LANDLINE.finditer(folded):
        yield match.start(1), match.end(1), "landline", _digits(match.group(1))


def mask(text: str) -> str:
    """Return ``text`` with phones, ID and bank card numbers and names given as such hidden; nothing else is touched.

    ``138****5678``, ``110***********1234``, ``王**``. Order numbers, dates, amounts and house numbers stay. Masking twice
    changes nothing. Unlike the readers it goes through the whole text, however long: what isn't read must not leak either.
    """
    folded = _fold(text)
    taken = [(start, end) for start, end, _ in _order_spans(folded)]
    spans: list[_Span] = []

    def take(start: int, end: int, masked: str) -> None:
        if not any(a < end and start < b for a, b in taken):
            taken.append((start, end))
            spans.append(_Span(start, end, masked))

    for match in _IDENTITY.finditer(folded):
        take(match.start(), match.end(), _mask_identity(re.sub(_BREAK, "", match.group())))
    for pattern in (_IDENTITY_AFTER_CUE, _BANK_CARD):
        for match in pattern.finditer(folded):
            take(match.start(1), match.end(1), _mask_identity(re.sub(_BREAK, "", match.group(1))))
    for start, end, _, number in _phones(folded):
        take(start, end, mask_phone(number))
    for start, end in _names(folded):
        name = folded[start:end]
        masked = mask_name(name)
        if masked == name:
            continue
        take(start, end, text[start : start + len(masked.rstrip("*"))] + masked.lstrip(masked.rstrip("*")))
        if len(name) > 2:
            for again in re.finditer(re.escape(name), folded):
                take(
                    again.start(),
                    again.end(),
                    text[again.start() : again.start() + len(masked.rstrip("*"))] + masked.lstrip(masked.rstrip("*")),
                )
    pieces, position = [], 0
    for span in sorted(spans, key=lambda s: s.start):
        pieces += [text[position : span.start], span.masked]
        position = span.end
    return "".join(pieces) + text[position:]
