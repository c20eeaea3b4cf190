"""Deciding whether a message tells of danger now.

Signs are looked for sentence by sentence: one counts 3 when its wording is acute ("冒黑烟") and 2 when the thing may as well be
old or small ("打架"). Contexts add to it (now, help!) or take from it (last year, what if, it is out already, I suggest).
What the strongest sign of a piece of the message counts for goes into a linear model together with the wording of the
piece: the model decides. A false alarm costs a tap, a missed one may cost a life, but nobody heeds an alarm that is always
ringing.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from nlu.emergency import model
from nlu.emergency.lexicon import Lexicon, Sign, load
from nlu.english import is_english
from nlu.text import normalise

ACUTE = 3
EVENT = 2
SHORT = 45
"""A message of no more characters than this that names an event is taken for a call, not for a complaint."""
LONG = 160
"""People in danger seldom write more characters than this."""
VERY_LONG = 400
"""Nor hardly ever more than this: it is a story."""

_ENGLISH_WITHOUT_DANGER = 3.0
"""As much surer must the model be of an English message without a word of danger."""

_CLAUSES = re.compile(r"[^，,。！？!?；;\n]+[，,。！？!?；;\n]*")
_SENTENCES = re.compile(r"[^。！？!?；;\n]+[。！？!?；;\n]*")
_LETTERS = re.compile(r"\w")
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
class Finding:
    """A sign at ``start`` of the text and what it counts for (``score``) with the contexts around it."""

    sign: Sign
    start: int
    evidence: str
    score: int
    why: str


@dataclass(frozen=True, slots=True)
class _Reading:
    start: int
    piece: str
    findings: list[Finding]
    values: list[float]
    odds: float


def detect(text: str) -> Emergency | None:
    """Return which emergency line the writer of ``text`` needs now, or None (Art. 12(1)). Any string will do."""
    text = normalise(text)
    read = load().correct(text)
    masked = load().mask(read)
    findings = find(read, masked)
    limit = model.thresholds()[length_class(text)]
    if is_english(text) and not load().english.search(text):
        limit += _ENGLISH_WITHOUT_DANGER
    best: _Reading | None = None
    for start, piece, own in worth_reading(masked, findings):
        values = model.scores(piece, markers(own))
        odds = model.danger(values)
        if odds >= limit and (best is None or odds > best.odds):
            best = _Reading(start, piece, own, values, odds)
    return _emergency(text, best) if best else None


def length_class(text: str) -> int:
    """Return 0 for a short message, 1 for a middling and 2 for a long one: the longer, the surer one must be that it is no complaint."""
    breath = model.breath(text)
    return 0 if len(text) <= breath else 1 if len(text) * model.PIECE <= LONG * breath else 2


def find(text: str, masked: str) -> list[Finding]:
    """Return what the signs find in corrected ``text``, with the contexts of each weighed, whatever it counts for.

    ``masked`` is ``text`` with the phrases blanked out that only sound like danger.
    """
    lexicon = load()
    if not lexicon.worth_trying(text):
        return []
    message_weight, message_why = _weigh(lexicon, "message", masked)
    length = len(text)
    if length > LONG:
        message_weight -= 2 if length > VERY_LONG else 1
    elif length <= SHORT:
        message_weight += 1
    findings: list[Finding] = []
    for sentence in _SENTENCES.finditer(masked):
        findings += _read_sentence(lexicon, text, sentence, message_weight, message_why)
    return findings


def worth_reading(masked: str, findings: list[Finding]) -> list[tuple[int, str, list[Finding]]]:
    """Return the pieces of a ``masked`` text that the model reads, each with its findings: all of them, or of a long text
    those with a sign, the first and the last."""
    parts = [
        (start, piece, [finding for finding in findings if start <= finding.start < start + len(piece)])
        for start, piece in model.pieces(masked)
        if len(_LETTERS.findall(piece)) > 1
    ]
    if len(masked) <= LONG:
        return parts
    return [part for index, part in enumerate(parts) if part[2] or index in (0, len(parts) - 1)]


def markers(findings: list[Finding]) -> list[str]:
    """Return what the model is told of the findings in a piece: the strongest sign, its line and what it counts for."""
    if not findings:
        return []
    strongest = max(findings, key=lambda finding: finding.score)
    score = max(-4, min(6, strongest.score))
    lines = {line for finding in findings if finding.score >= EVENT for line in (finding.sign.line, *finding.sign.also)}
    return [f"#{score}", f"#{strongest.sign.name}", *(f"#{line}" for line in sorted(lines))]


def _emergency(text: str, reading: _Reading) -> Emergency:
    line, also = model.lines(reading.values, [finding.sign.line for finding in reading.findings if finding.score >= ACUTE])
    chance = 1 / (1 + math.exp(-max(-30.0, reading.odds)))
    strong = [finding for finding in reading.findings if finding.score >= EVENT]
    if strong:
        leading = max(strong, key=lambda finding: (finding.sign.line == line, finding.score))
        start, end, why = leading.start, leading.start + len(leading.evidence), leading.why
    else:
        clause = model.clause(reading.piece)
        start = reading.start + reading.piece.index(clause)
        end, why = start + len(clause), "措辞近似险情"
    return Emergency(line, text[start:end], also, f"{why}，模型 {chance:.2f}")


def _read_sentence(lexicon: Lexicon, text: str, sentence: re.Match[str], weight: int, why: list[str]) -> list[Finding]:
    """Return what the signs in one sentence count for, with the contexts around each of them."""
    findings = []
    for sign in lexicon.worth_trying(sentence[0]):
        if sign.unless and sign.unless.search(sentence[0]):
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
            findings.append(Finding(sign, start, evidence, score, "，".join([sign.name, *clause_why, *sentence_why, *why])))
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
