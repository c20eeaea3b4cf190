"""Places that the resident takes back, and words that tell which of several places is meant."""

from __future__ import annotations

import re

from nlu.place.scan import Mention

_NOT_BEFORE = re.compile(
    r"(?:(?<!是)不是|不在|并非|不属于|不归|没在|没住|不住|而非|别派到?|不要派到?|不该派到?|不应该?派到?)(?:说|住|在|去|给|北京市?)*$"
)
_WRONG_AFTER = re.compile(r"[^,，。;；!！?？]{0,6}?(?:是错的|写错|填错|说错|搞错|弄错|打错|写成|不对(?!外|劲))")
_NEW_FROM = re.compile(
    r"(?:地址|位置)?(?:写|填|说|打|搞|弄|报)?错了|更正|应该是|应为|改成|改为|改到|实际上?(?:是|在|地址)|准确(?:地|的)?说|正确(?:的)?(?:地址|位置)|而是|现在(?:住|在|搬)|搬到|搬去|搬来|新地址"
)
_PAST_BEFORE = re.compile(r"(?:以前|之前|原来|原先|过去|曾经|早先|老家|户口|户籍|单位|公司|上班)(?:是|也|都|我|住|在|租|的|地址|填|写)*$")
_HOME_BEFORE = re.compile(
    r"(?:住在|家住|居住|住址|住|我家在?|家在|位于|坐落于?|地址|地点|事发地|发生在|小区在)[是的在::,， ]{0,2}(?:北京市?)?$"
)
_OTHERWISE_AFTER = re.compile(r"[^,，。;；!！?？]{0,6}(?:上班|工作|上学|打工|出差|开会|看病|就医|逛)")


def standing(text: str, mentions: list[Mention]) -> list[Mention]:
    """Return the mentions that aren't taken back (不是朝阳是海淀, 望京写错了)."""
    kept: list[Mention] = []
    denied_until = -1
    for mention in mentions:
        denied = bool(_NOT_BEFORE.search(text[max(0, mention.start - 10) : mention.start]))
        denied = denied or (denied_until >= 0 and text[denied_until : mention.start] in ("", "的"))
        if denied or (len(mentions) > 1 and _WRONG_AFTER.match(text, mention.end)):
            denied_until = mention.end
        else:
            kept.append(mention)
    return kept


def last_correction(text: str) -> int:
    """Return where the last correction begins, or -1 where nothing is corrected."""
    found = -1
    for match in _NEW_FROM.finditer(text):
        found = match.start()
    return found


def homeliness(text: str, start: int, end: int) -> int:
    """Return how much the words around a place say that the matter lies there (家住 2, 在...上班 -2)."""
    before = text[max(0, start - 12) : start]
    score = 0
    if _HOME_BEFORE.search(before):
        score += 2
    if _PAST_BEFORE.search(before):
        score -= 3
    if _OTHERWISE_AFTER.match(text, end):
        score -= 2
    return score
