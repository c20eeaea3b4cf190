"""How sure search is that its first hit answers the question, and from where on it says so."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

_SPARSE = 1_000
_SPARSE_MEANING = 0.75
_SPARSE_COVERED = 0.75
"""Chosen on the seed entries, asked with questions of beijing_qa.csv and with their own variants left out."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for the first hit: cosine of its nearest question, lead over the next different answer, share of the asked
    words that it speaks of, weight of the weightiest word that it doesn't, share of its own question that was asked, logarithm
    of the question's length; and whether it lacks a number, law or name in the question, or the price or telephone number that
    is asked for."""

    meaning: float
    lead: float
    covered: float
    missing: float
    asked: float
    length: float
    fact_missing: bool


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic model of ``Evidence``, fitted by ``bot.bench.knowledge.calibrate``, and the confidence from which search answers."""

    intercept: float
    meaning: float
    lead: float
    covered: float
    missing: float
    asked: float
    length: float
    threshold: float

    def confidence(self, evidence: Evidence) -> float:
        """Return the probability that the first hit answers the question."""
        value = (
            self.intercept
            + self.meaning * evidence.meaning
            + self.lead * evidence.lead
            + self.covered * evidence.covered
            + self.missing * evidence.missing
            + self.asked * evidence.asked
            + self.length * evidence.length
        )
        return 1 / (1 + exp(-max(-60.0, min(60.0, value))))

    def is_sure(self, evidence: Evidence, entries: int) -> bool:
        """Say whether the first hit among ``entries`` may be given as the answer at once.

        In a small base every nearest entry is far ahead of the next, whether it answers or not: there the lead says nothing, and
        the question must be spoken of nearly whole.
        """
        if evidence.fact_missing or self.confidence(evidence) < self.threshold:
            return False
        return entries >= _SPARSE or (evidence.meaning >= _SPARSE_MEANING and evidence.covered >= _SPARSE_COVERED)


CALIBRATION = Calibration(
    intercept=-12.2, meaning=8.008, lead=13.187, covered=2.341, missing=1.394, asked=1.613, length=0.943, threshold=0.726
)
