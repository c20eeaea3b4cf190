"""Deciding whether a message tells of danger now.

Sentence by sentence: a sign of danger counts 3 when its wording is acute ("冒黑烟") and 2 when the thing may as well be old
or small ("打架"). Contexts add to it (now, help!) or take from it (last year, what if, it is out already, I suggest). From 3 on it
is an emergency. A false alarm costs a tap, a missed one may cost a life, but nobody heeds an alarm that is always ringing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nlu.emergency import model
from nlu.emergency.lexicon import LINES, Lexicon, Sign, load
from nlu.text import normalise

ACUTE = 3
EVENT = 2
THRESHOLD = 3
SHORT = 45
"""A message of no more characters than this that names an event is taken for a call, not for a complaint."""
LONG = 160
"""People in danger seldom write more characters than this."""
VERY_LONG = 400
"""Nor hardly ever more than this: it is a story."""

_CLAUSES = re.compile(r"[^，,。！？!?；;\n]+[，,。！？!?；;\n]*")
_SENTENCES = re.compile(r"[^。！？!?；;\n]+[。！？!?；;\n]*")
_MAX_SENTENCE = 80
"""Speech recognition leaves marks out: a longer sentence is read in windows of this many characters around the sign."""


@dataclass(frozen=True, slots=True)
class Emergency:
    """``line`` to ring first, ``also`` the further ones; ``evidence`` is a substring of the normalised text; ``why`` is for operators."""

    line: str
    evidence: str
    also: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class _Finding:
    sign: Sign
    evidence: str
    score: int
    why: str


def detect(text: str) -> Emergency | None:
    """Return which emergency line the writer of ``text`` needs now, or None (Art. 12(1)). Any string will do."""
    text = normalise(text)
    lexicon = load()
    if not lexicon.words.search(text):
        return _guess(lexicon, text)
    masked = lexicon.harmless.sub(lambda match: "※" * len(match[0]), text)
    message_weight, message_why = _weigh(lexicon, "message", masked)
    length = len(text)
    if length > LONG:
        message_weight -= 2 if length > VERY_LONG else 1
    elif length <= SHORT:
        message_weight += 1
    findings = []
    for sentence in _SENTENCES.finditer(masked):
        if not lexicon.words.search(sentence[0]):
            continue
        findings += _read_sentence(lexicon, text, sentence, message_weight, message_why)
    findings = [finding for finding in findings if finding.score >= THRESHOLD]
    return _summary(findings) if findings else _guess(lexicon, text)


def _guess(lexicon: Lexicon, text: str) -> Emergency | None:
    """Return what the model sees in a short ``text`` without a sign, unless its context speaks against danger and the model isn't sure."""
    guess = model.read(text)
    if guess is None:
        return None
    line, evidence, chance = guess
    against = sum(context.weight for context in lexicon.contexts if context.weight < 0 and context.pattern.search(text))
    doubtful = against <= -ACUTE or lexicon.harmless.search(text)
    if doubtful and chance < model.SURE:
        return None
    return Emergency(line, evidence, (), f"措辞近似险情，模型 {chance:.2f}")


def _read_sentence(lexicon: Lexicon, text: str, sentence: re.Match[str], weight: int, why: list[str]) -> list[_Finding]:
    """Return what the signs in one sentence count for, with the contexts around each of them."""
    findings = []
    for sign in lexicon.signs:
        if not sign.words.search(sentence[0]) or (sign.unless and sign.unless.search(sentence[0])):
            continue
        for pattern, base in ((sign.acute, ACUTE), (sign.event, EVENT)):
            match = pattern.search(sentence[0]) if pattern else None
            if not match:
                continue
            near = sentence[0][max(0, match.start() - _MAX_SENTENCE // 2) : match.end() + _MAX_SENTENCE // 2]
            clause = _clause_of(sentence[0], match)
            sentence_weight, sentence_why = _weigh(lexicon, "sentence", near, sign.despite)
            clause_weight, clause_why = _weigh(lexicon, "clause", clause, sign.despite)
            start = sentence.start() + match.start()
            evidence = text[start : start + len(match[0])]
            score = base + weight + sentence_weight + clause_weight
            findings.append(_Finding(sign, evidence, score, "，".join([sign.name, *clause_why, *sentence_why, *why])))
            break
    return findings


def _clause_of(sentence: str, match: re.Match[str]) -> str:
    """Return the clauses that ``match`` touches, at most 40 characters before it and 15 behind."""
    start, end = match.span()
    spans = [clause.span() for clause in _CLAUSES.finditer(sentence)]
    first = max((left for left, _ in spans if left <= start), default=0)
    last = min((right for _, right in spans if right >= end), default=len(sentence))
    return sentence[max(first, start - 40) : min(last, end + 15)]


def _weigh(lexicon: Lexicon, scope: str, text: str, despite: frozenset[str] = frozenset()) -> tuple[int, list[str]]:
    """Return the sum of the contexts of ``scope`` that ``text`` shows, each once, and the names of those that strengthen."""
    found = [
        context for context in lexicon.contexts if context.scope == scope and context.name not in despite and context.pattern.search(text)
    ]
    return sum(context.weight for context in found), [context.name for context in found if context.weight > 0]


def _summary(findings: list[_Finding]) -> Emergency:
    """Return one emergency for all findings: the first line by rank, the others behind it."""
    called = {line for finding in findings for line in (finding.sign.line, *finding.sign.also)}
    leading = min(findings, key=lambda finding: (LINES.index(finding.sign.line), -finding.score))
    also = tuple(line for line in LINES if line in called and line != leading.sign.line)
    return Emergency(leading.sign.line, leading.evidence, also, leading.why)
