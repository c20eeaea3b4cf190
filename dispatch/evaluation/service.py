"""Counting callbacks into unit-days, and figures over any period from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pydantic import ValidationError
from sqlalchemy.orm import Session

from dispatch.administration import service as administration
from dispatch.core.clock import beijing
from dispatch.evaluation import repository
from dispatch.evaluation.models import RulesVersion as RulesVersion
from dispatch.evaluation.rates import Counts
from dispatch.evaluation.rules import FIELD_NAMES, Rules

LEAD, CO = "lead", "co"


class BadRulesError(ValueError):
    """Rules that can't be put in force; the message names the field and what would be right."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a complete callback said, and for whom it counts."""

    unit_code: str
    co_units: tuple[str, ...]
    counted_at: datetime
    contacted: bool
    resolved: str
    satisfied: str
    excluded: bool


def rules_on(session: Session, day: date) -> tuple[int, Rules]:
    """Return the version number and the rules in force on an assessment day; version 0 is what a new system begins with."""
    row = repository.version_on(session, day)
    return (row.version, Rules.model_validate(row.content)) if row else (0, Rules())


def day_of(session: Session, moment: datetime) -> date:
    """Return the assessment day that ``moment`` falls on; where the rules move the hour at which days begin, days still meet."""
    local = beijing(moment).date()
    following = local + timedelta(days=1)
    _, rules = rules_on(session, following)
    return following if moment >= rules.begin_of(following) else local


def month(session: Session, year: int, number: int) -> tuple[date, date]:
    """Return the first and the last day of an assessment month: it begins when the one before ends, also where the rules move its end."""
    earlier = (year - 1, 12) if number == 1 else (year, number - 1)
    _, rules = rules_on(session, date(year, number, 1))
    _, rules_before = rules_on(session, date(*earlier, 1))
    return rules_before.month(*earlier)[1] + timedelta(days=1), rules.month(year, number)[1]


def month_of(session: Session, day: date) -> tuple[int, int]:
    """Return year and number of the assessment month that an assessment day belongs to."""
    found = (day.year, day.month)
    return found if day <= month(session, *found)[1] else _next(found)


def period(session: Session, first: date, last: date) -> tuple[datetime, datetime]:
    """Return the moments between which assessment days ``first`` to ``last`` lie: from the first, before the second."""
    following = last + timedelta(days=1)
    return rules_on(session, first)[1].begin_of(first), rules_on(session, following)[1].begin_of(following)


@dataclass(frozen=True, slots=True)
class Span:
    """From ``begin`` until before ``end`` the callbacks of ``unit_code`` count for the unit that was asked about."""

    unit_code: str
    begin: datetime
    end: datetime


def spans(session: Session, unit_code: str, *, first: date, last: date) -> list[Span]:
    """Return whose callbacks, and when, count for ``unit_code`` on assessment days ``first`` to ``last``, after mergers."""
    found: list[Span] = []
    for begin, end in _stretches(session, first, last):
        _, rules = rules_on(session, begin)
        for code in sorted({unit_code, *(merger.source for merger in rules.mergers)}):
            if rules.unit_on(code, begin) == unit_code:
                found.append(Span(code, *period(session, begin, end)))
    return found


def _stretches(session: Session, first: date, last: date) -> list[tuple[date, date]]:
    """Return the stretches of days in which neither the rules nor the units change."""
    rules = [(row.valid_from, Rules.model_validate(row.content)) for row in repository.versions(session)]
    changes = {day for day, _ in rules} | {merger.day for _, content in rules for merger in content.mergers}
    begins = [first, *sorted(day for day in changes if first < day <= last)]
    ends = [*(day - timedelta(days=1) for day in begins[1:]), last]
    return list(zip(begins, ends, strict=True))


def count(session: Session, result: Result, *, sign: int = 1) -> None:
    """Add a callback to its units' day, or with ``sign`` -1 take it out again before it changes."""
    for (day, code, part), counts in _shares(session, result, sign).items():
        repository.add(session, day, code, part, counts)


def differences(session: Session, results: Iterable[Result], *, first: date, last: date) -> int:
    """Count ``results``, all of days ``first`` to ``last``, from nothing; return how many unit-days differ from what stands."""
    anew: dict[tuple[date, str, str], Counts] = {}
    for result in results:
        for key, counts in _shares(session, result, 1).items():
            anew[key] = anew.get(key, Counts()) + counts
    kept = repository.unit_days(session, first=first, last=last)
    return sum(anew.get(key, Counts()) != kept.get(key, Counts()) for key in anew.keys() | kept.keys())


def figures(
    session: Session, *, first: date, last: date, units: Sequence[str] | None = None, double: bool | None = None
) -> tuple[int, Rules, dict[str, Counts]]:
    """Return the version and rules in force on ``last``, and the counts of each unit over assessment days ``first`` to ``last``.

    ``double`` counts units for what they led and for what they helped with (双考核); by default as the rules say.
    """
    version, rules = rules_on(session, last)
    led = repository.sums(session, first=first, last=last, part=LEAD, units=units)
    if rules.double_assessment if double is None else double:
        for code, counts in repository.sums(session, first=first, last=last, part=CO, units=units).items():
            led[code] = led.get(code, Counts()) + counts
    return version, rules, led


def days(session: Session, *, first: date, last: date, units: Sequence[str] | None = None) -> dict[date, Counts]:
    """Return the counts of each assessment day, over ``units`` (None: the whole city)."""
    return repository.by_day(session, first=first, last=last, part=LEAD, units=units)


def recount(session: Session, results: Iterable[Result], *, first: date, last: date) -> None:
    """Forget assessment days ``first`` to ``last`` and count ``results``, which must be all of theirs, anew."""
    repository.clear(session, first=first, last=last)
    for result in results:
        count(session, result)


def versions(session: Session) -> list[RulesVersion]:
    """Return every version of the rules, newest first."""
    return list(repository.versions(session))


def put_in_force(session: Session, content: dict[str, object], *, valid_from: date, note: str, by: str, now: datetime) -> RulesVersion:
    """Add a version of the rules that holds from ``valid_from`` on.

    Raises:
        BadRulesError: the content is wrong, or ``valid_from`` isn't the first day of an assessment month to come: figures of months that
            have begun never change under anybody's hands.
    """
    try:
        rules = Rules.model_validate(content)
    except ValidationError as error:
        problem = error.errors()[0]
        raise BadRulesError(f"{'.'.join(map(str, problem['loc'])) or 'content'}: {problem['msg']}") from error
    today = day_of(session, now)
    if valid_from <= today:
        raise BadRulesError(f"valid_from: 应晚于今天（考核日 {today:%Y-%m-%d}），已经开始的考核月不改规则")
    first, _ = month(session, *month_of(session, valid_from))
    if valid_from != first:
        following, _ = month(session, *_next(month_of(session, valid_from)))
        raise BadRulesError(f"valid_from: 应为考核月的第一天，例如 {following:%Y-%m-%d}")
    versions_so_far = repository.versions(session)
    if any(row.valid_from == valid_from for row in versions_so_far):
        raise BadRulesError(f"valid_from: {valid_from:%Y-%m-%d} 起已有一版规则")
    row = RulesVersion(
        version=max((row.version for row in versions_so_far), default=0) + 1,
        valid_from=valid_from,
        content=rules.model_dump(mode="json"),
        note=note,
        by=by,
        at=now,
    )
    session.add(row)
    session.flush()
    _, before = rules_on(session, valid_from - timedelta(days=1))
    changes = administration.changes(_readable(before), _readable(rules), FIELD_NAMES)
    detail = f"{valid_from:%Y-%m-%d} 起；{note}；{changes}"
    administration.record(session, "rules_changed", f"第 {row.version} 版", detail, by=by, now=now)
    return row


def _readable(rules: Rules) -> dict[str, object]:
    mergers = [f"{each.source} 自 {each.day} 并入 {each.target}" for each in rules.mergers]
    return {**rules.model_dump(mode="json"), "mergers": mergers}


def _shares(session: Session, result: Result, sign: int) -> dict[tuple[date, str, str], Counts]:
    """Return on which day, for which units and in which part a callback counts."""
    day = day_of(session, result.counted_at)
    _, rules = rules_on(session, day)
    counts = _counts(result, sign)
    lead = rules.unit_on(result.unit_code, day)
    helped = {rules.unit_on(code, day) for code in result.co_units} - {lead}
    return {(day, lead, LEAD): counts} | {(day, code, CO): counts for code in sorted(helped)}


def _next(month: tuple[int, int]) -> tuple[int, int]:
    year, number = month
    return (year + 1, 1) if number == 12 else (year, number + 1)


def _counts(result: Result, sign: int) -> Counts:
    if result.excluded:
        return Counts(excluded=sign)
    return Counts(
        valid=sign,
        contacted=sign * result.contacted,
        resolved=sign * (result.resolved == "yes"),
        partial=sign * (result.resolved == "partial"),
        satisfied=sign * (result.satisfied == "satisfied"),
        neutral=sign * (result.satisfied == "neutral"),
    )
