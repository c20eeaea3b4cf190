"""Reading a resident's answer to a callback: sentences by ``nlu.survey_reply``, short answers by the question asked last."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nlu import survey_reply
from nlu.text import normalise

QUESTIONS = ("contacted", "resolved", "satisfied")

_REFUSALS = re.compile(r"不想(评价|回答|说)|不评价|别再?(问|烦|打扰|发)|不要再?(问|发|打扰)|拒绝(评价|回访)|没兴趣")
_SHORT: dict[str, tuple[tuple[str, str], ...]] = {
    "contacted": (("no", r"^(没有?|2|0|否|不是|没联系过?|没人|从来没有?|未联系)"), ("yes", r"^(有|1|是|对|嗯|联系过?了?|来过|打过)")),
    "resolved": (
        ("partial", r"^(2|部分|一部分|一半|差不多|基本)"),
        ("no", r"^(没有?|3|0|否|不是|没解决|未解决|还没|没办)"),
        ("yes", r"^(1|是|对|嗯|解决|好了|有)"),
    ),
    "satisfied": (
        ("dissatisfied", r"^(不|3|0|没|差)"),
        ("neutral", r"^(2|一般|还行|还可以|凑合|基本满意|差不多)"),
        ("satisfied", r"^(1|满意|很满意|好|是|对|嗯|非常)"),
    ),
}
_BARE = re.compile(r"[0-3]|[是有对嗯没否好不]|没有|有的|是的|对的|不是|可以|还行")
_SHORT_LENGTH = 12

ENOUGH_REASON = 20
"""A reply longer than this says why it is unhappy; a shorter one is asked."""

_TRAILING = "。．.!！,，~～ "


@dataclass(frozen=True, slots=True)
class Answers:
    """What is known of the three questions: None where not said yet."""

    contacted: bool | None = None
    resolved: str | None = None
    satisfied: str | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the questions without an answer, in the order in which they are asked."""
        return tuple(name for name in QUESTIONS if getattr(self, name) is None)

    @property
    def unhappy(self) -> bool:
        """Say whether the resident has to be asked why."""
        return self.resolved in ("no", "partial") or self.satisfied == "dissatisfied"

    def joined(self, later: Answers) -> Answers:
        """Return these answers, overruled by what was said later."""
        return Answers(
            self.contacted if later.contacted is None else later.contacted,
            later.resolved or self.resolved,
            later.satisfied or self.satisfied,
        )


def refuses(text: str) -> bool:
    """Say whether the resident doesn't want to be asked."""
    return bool(_REFUSALS.search(normalise(text)))


def read(text: str, asking: str | None) -> Answers:
    """Return what ``text`` answers, when ``asking`` was asked last (``all``, one of ``QUESTIONS``, or None).

    Nothing is filled from text that is no answer: a new complaint in the middle of a callback reads as empty.
    """
    short = normalise(text).strip(_TRAILING)
    by_question = _by_question(short, asking)
    if by_question and _BARE.fullmatch(short):
        return by_question  # "没有" after one question says nothing about the others
    found = survey_reply.read(text)
    answers = Answers(found.contacted, found.resolved, found.satisfied)
    if by_question and asking and getattr(answers, asking) is None:
        return answers.joined(by_question)
    return answers


def _by_question(short: str, asking: str | None) -> Answers | None:
    if asking not in _SHORT or len(short) > _SHORT_LENGTH:
        return None
    value = next((value for value, pattern in _SHORT[asking] if re.search(pattern, short)), None)
    if value is None:
        return None
    if asking == "contacted":
        return Answers(contacted=value == "yes")
    return Answers(resolved=value) if asking == "resolved" else Answers(satisfied=value)
