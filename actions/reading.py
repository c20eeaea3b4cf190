"""How one message changes the draft order while the form is open. Pure: no tracker, no network."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from actions.draft import NO_PLACE, Draft, PlaceParts, add_words, set_place
from actions.turn import Turn
from nlu.substance import has_substance as says_something

# These are answered by rules of their own, and the form then goes on.
_INTERRUPTIONS = frozenset(
    {
        "ask_question",
        "ask_progress",
        "request_human",
        "cancel",
        "greet",
        "thank",
        "goodbye",
        "resolved",
        "not_resolved",
        "abuse",
        "chitchat",
        "repeat",
    }
)
# Of those, the ones that may carry the answer all the same: "你好，我在望京西园四区".
_MAY_CARRY_AN_ANSWER = frozenset({"ask_question", "greet", "thank", "abuse", "chitchat", "not_resolved"})
_LEADS_IN = re.compile(
    r"我(?:要|想)(?:投诉|举报|反映|求助|咨询|建议|问)(?:个|一个|一下|一件)?(?:事儿?|事情|问题|情况)?|你们?好|您好|喂|请问|有(?:个|件)事儿?|[\s，。,.！!？?、~]"
)
_MEANS_PLACE = re.compile(r"地址|地点|地方|位置|小区|街道|社区|哪个区|门牌|楼号|路名|不在那")
_MEANS_CONTACT = re.compile(r"电话|手机|号码|联系方式|联系人|姓名|名字|称呼")
_MEANS_MATTER = re.compile(r"这个?事|那个?事|事情|事项|内容|情况|问题|描述|理解错|弄错|搞错")
_STAYS_ANONYMOUS = re.compile(
    r"匿名|(?:不|别|甭)(?:想|要|愿意?|方便|便)?(?:留|给|透露|公开|说)(?:我的?)?(?:电话|号码|手机|姓名|名字|身份|个人信息|信息|联系方式)"
)
_DENIED = re.compile(r"(?:我)?(?:说|讲|反映|投诉|要说|指)?的?(?:并|可)?(?:不是|不属于|不在)[^，,。；;！!是在归]*")
_BEFORE_PLACE = re.compile(r"^.*?(?:应该是|改成|改为|换成|就是|[是在])|^(?:地址|地点|位置)[:：]?")
_ENDINGS = re.compile(r"区|县|街道|地区|镇|乡|那边|这边|附近|那儿|这儿|的|[我是在]")
_BARE_PLACE_LENGTH = 30
_SHORT = 12
_YES = re.compile(
    r"确认|确定|提交|登记|报|对|是的|是滴|没错|没问题|没毛病|无误|正确|同意|可以|好|行|嗯|成|中|妥|得|就这样|ok|yes", re.IGNORECASE
)
_SURE = 0.9


@dataclass(frozen=True, slots=True)
class Reading:
    """What a message does to the draft. ``draft`` None: it is an interruption and changes nothing."""

    draft: Draft | None
    confirmed: bool = False


def affirmed_part(text: str) -> str:
    """Return what a correction states to be right: "不是电梯，是门禁坏了" -> "是门禁坏了"; unchanged where nothing is denied."""
    return _DENIED.sub("", text).strip("，,。；; ")


def has_substance(turn: Turn) -> bool:
    """Return whether the message tells of something that happened, not merely that the resident wants to tell it."""
    if turn.matter:
        return True
    rest = _LEADS_IN.sub("", turn.text)
    return len(rest) >= 6 and not (turn.has_place and len(turn.text) <= _SHORT)


def begin(turn: Turn) -> Draft:
    """Return the draft that a first message opens, with everything it already tells."""
    draft = Draft(started=turn.message_id, request_type=turn.understanding.get("request_type"))
    if turn.handling in ("dispatch", "answer", "liaison"):
        draft = replace(draft, handling=turn.handling)
    draft = _with_place(_with_contact(draft, turn), turn)
    return _with_matter(draft, turn) if has_substance(turn) else draft


def read(draft: Draft, turn: Turn, requested: str | None) -> Reading:
    """Return what ``turn`` does to ``draft`` while the form asks for ``requested``.

    Whatever the question was, anything else the message tells is taken as well; a correction is accepted at any time.
    """
    if turn.intent in _INTERRUPTIONS and not _carries_answer(draft, turn, requested):
        return Reading(None)
    if turn.intent == "affirm" and not _is_explicit_yes(turn):
        # Consent is explicit: "主要是后半夜" misread as a yes is a detail, and must not file the order.
        turn = replace(turn, intent="inform")
    if turn.intent == "nlu_fallback" and not says_something(turn.text):
        return Reading(None)
    if turn.intent == "correct" or (draft.revising and turn.intent != "affirm"):
        return Reading(_correct(draft, turn))
    if requested == "confirmed":
        return _at_summary(draft, turn)
    if requested == "contact":
        return Reading(_at_contact(draft, turn))
    if requested == "place":
        return Reading(_at_place(draft, turn))
    return Reading(_at_description(draft, turn))


def _is_explicit_yes(turn: Turn) -> bool:
    return len(turn.text) <= _BARE_PLACE_LENGTH and (_YES.search(turn.text) is not None or turn.confidence >= _SURE)


def _carries_answer(draft: Draft, turn: Turn, requested: str | None) -> bool:
    if turn.intent not in _MAY_CARRY_AN_ANSWER:
        return False
    if turn.phone and requested == "contact":
        return True
    if requested == "place":
        return turn.has_place and len(turn.text) <= _BARE_PLACE_LENGTH and not turn.text.rstrip().endswith(("?", "？", "吗", "呢"))
    if requested == "description":
        return turn.matter is not None or (has_substance(turn) and turn.handling in ("dispatch", "liaison"))
    return False


# --- each question's answers -------------------------------------------------------------------------------------------


def _at_description(draft: Draft, turn: Turn) -> Draft:
    draft = replace(draft, description_asked=draft.description_asked + 1)
    draft = _with_place(_with_contact(draft, turn), turn)
    if turn.intent in ("affirm", "deny", "dont_know", "give_contact") or not has_substance(turn):
        return draft
    return _with_matter(draft, turn)


def _at_place(draft: Draft, turn: Turn) -> Draft:
    draft = _with_contact(draft, turn)
    if turn.has_place:
        if _is_only_place(turn):
            return set_place(draft, _with_own_words(turn))
        return _with_matter(set_place(draft, turn.place), turn)
    chosen = _chosen_candidate(draft, turn)
    if chosen:
        return set_place(draft, chosen)
    if turn.place_candidates:
        return replace(draft, place_candidates=turn.place_candidates, place_asked=draft.place_asked + 1)
    if draft.anonymous and turn.intent == "deny":
        return draft  # "不想留电话" answers the question after this one
    gave_up = turn.intent in ("dont_know", "deny")
    if draft.place_asked and (gave_up or turn.intent in ("inform", "report_problem", "nlu_fallback")):
        # Asked twice: the order goes without a place that the city knows, with the resident's own words for it.
        told = draft if gave_up else _with_detail(draft, turn)
        return replace(told, place_unknown=True, place_candidates=[])
    if not gave_up and turn.intent in ("inform", "report_problem", "nlu_fallback"):
        draft = _with_matter(draft, turn) if turn.matter else _with_detail(draft, turn)
    return replace(draft, place_asked=draft.place_asked + 1, place_candidates=[])


def _at_contact(draft: Draft, turn: Turn) -> Draft:
    if turn.phone:
        draft = _with_contact(draft, turn)
        return draft if turn.intent in ("give_contact", "affirm") or len(turn.text) <= 40 else _with_matter(draft, turn)
    if turn.intent in ("deny", "dont_know"):
        return replace(draft, anonymous=True)
    if turn.intent in ("inform", "report_problem"):
        placed = _with_place(draft, turn)
        draft = placed if _is_only_place(turn) else _with_matter(placed, turn)
    return replace(_with_contact(draft, turn), contact_asked=draft.contact_asked + 1)


def _at_summary(draft: Draft, turn: Turn) -> Reading:
    if turn.intent == "affirm":
        return Reading(replace(draft, revising=False), confirmed=True)
    if turn.intent in ("deny", "dont_know"):
        return Reading(_correct(draft, turn))
    draft = _with_contact(draft, turn)
    if turn.intent == "give_contact":
        return Reading(draft)
    if _is_only_place(turn):
        return Reading(set_place(draft, _with_own_words(turn)))
    return Reading(_with_matter(_with_place(draft, turn), turn))


# --- corrections -------------------------------------------------------------------------------------------------------


def _correct(draft: Draft, turn: Turn) -> Draft:
    """Take a correction: what it states replaces what was there; what it only calls wrong is asked again."""
    draft = replace(draft, revising=False)
    new_contact = bool(turn.phone or turn.name)
    if new_contact:
        draft = _with_contact(draft, turn)
    if turn.has_place:
        draft = set_place(draft, turn.place)
    if not turn.phone and _STAYS_ANONYMOUS.search(turn.text):
        return replace(draft, phone=None, name=None, anonymous=True)
    if turn.matter and turn.matter["code"] != draft.matter_code:
        draft = replace(draft, matter_code=turn.matter["code"], matter_name=turn.matter["name"])
        return add_words(draft, turn.text)
    if turn.has_place and draft.description:
        # The description may name the old place: the unit must see which of the two holds.
        return add_words(draft, turn.text)
    if turn.place["detail"] and draft.has_place:
        return add_words(set_place(draft, {**NO_PLACE, "detail": turn.place["detail"]}), turn.text)
    if new_contact:
        return draft if len(turn.text) <= 40 else add_words(draft, turn.text)
    if turn.place_candidates:
        return replace(draft, place=dict(NO_PLACE), place_unknown=False, place_candidates=turn.place_candidates)
    affirmed = affirmed_part(turn.text)
    if len(turn.text) > _SHORT or (affirmed != turn.text and len(affirmed) > 2):
        # It says what is right, in words that match no place and no matter: the unit must read them.
        return add_words(draft, turn.text)
    if _MEANS_PLACE.search(turn.text):
        return replace(draft, place=dict(NO_PLACE), place_unknown=False, place_asked=0, place_candidates=[])
    if _MEANS_CONTACT.search(turn.text):
        return replace(draft, phone=None, anonymous=False, contact_asked=0)
    if _MEANS_MATTER.search(turn.text):
        return replace(draft, description="", matter_code=None, matter_name=None)
    return replace(draft, revising=True)


# --- parts -------------------------------------------------------------------------------------------------------------


def _with_contact(draft: Draft, turn: Turn) -> Draft:
    if not turn.phone and not draft.phone and _STAYS_ANONYMOUS.search(turn.text):
        return replace(draft, anonymous=True)
    if not turn.phone and not turn.name:
        return draft
    return replace(draft, phone=turn.phone or draft.phone, name=turn.name or draft.name, anonymous=draft.anonymous and not turn.phone)


def _with_place(draft: Draft, turn: Turn) -> Draft:
    """Take a place that fits what is known; another district in passing ("我要告到海淀区去") changes nothing."""
    if not turn.has_place:
        return replace(draft, place_candidates=turn.place_candidates) if turn.place_candidates and not draft.has_place else draft
    if draft.has_place and turn.place["district"] and turn.place["district"] != draft.place["district"]:
        return draft
    return set_place(draft, turn.place)


def _with_matter(draft: Draft, turn: Turn) -> Draft:
    draft = add_words(draft, turn.text)
    if draft.matter_code is None and turn.matter:
        draft = replace(draft, matter_code=turn.matter["code"], matter_name=turn.matter["name"])
    if draft.request_type is None:
        draft = replace(draft, request_type=turn.understanding.get("request_type"))
    return draft


def _with_detail(draft: Draft, turn: Turn) -> Draft:
    place: PlaceParts = {**draft.place, "detail": turn.text.strip()[:100]}
    return replace(draft, place=place)


def _with_own_words(turn: Turn) -> PlaceParts:
    """Return the message's place; what the gazetteer has no name for stays as the resident said it, so that the unit can find it."""
    place = turn.place
    if place["community"] or place["detail"]:
        return place
    words = _BEFORE_PLACE.sub("", affirmed_part(turn.text))
    rest = words
    for part in ("district", "street"):
        name = place[part] or ""
        words = words.replace(name, "")
        rest = rest.replace(name, "").replace(_ENDINGS.sub("", name), "")
    words = words.strip(" ，,。.!！、的")
    return {**place, "detail": words[:100]} if _ENDINGS.sub("", rest).strip(" ，,。.!！、") else place


def _is_only_place(turn: Turn) -> bool:
    return turn.has_place and len(turn.text) <= _BARE_PLACE_LENGTH and turn.matter is None


def _chosen_candidate(draft: Draft, turn: Turn) -> PlaceParts | None:
    """Return the one candidate that was offered and that the message picks: by its words, or by a plain yes to the only one."""
    if turn.intent == "affirm" and len(draft.place_candidates) == 1:
        return draft.place_candidates[0]
    text = re.sub(r"[\s，。,.]", "", turn.text)
    picked = [c for c in draft.place_candidates if any(value and value in text for value in c.values())]
    return picked[0] if len(picked) == 1 else None
