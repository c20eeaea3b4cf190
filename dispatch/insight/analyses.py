"""Each analysis as of a day, as it is shown: counts under the floor are gone from what these functions return."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy.orm import Session

from dispatch.catalogue.service import Catalogue
from dispatch.insight import forecast, hotspots, privacy, repository, topics
from dispatch.insight.counts import bounds
from dispatch.insight.rules import InsightRules
from dispatch.insight.schemas import ForecastOut, RepeatOut, StoryOut, SurgeOut, TopicOut
from dispatch.insight.stories import stories
from dispatch.orders import counting
from dispatch.orders.counting import Told

_YEARS = timedelta(days=3 * 366)
_WARNED = 1.3
"""A forecast of this many times last month's orders is a warning, where even its lower end is above them."""

_STORY_DAYS = 7


def surges_of(session: Session, day: date, catalogue: Catalogue, rules: InsightRules) -> list[SurgeOut]:
    """Return the hot spots as of ``day``."""
    return [
        SurgeOut(
            district=surge.cell.district or None,
            street=surge.cell.street or None,
            matter_code=surge.cell.matter,
            matter=matter_name(catalogue, surge.cell.matter),
            days=surge.days,
            observed=surge.observed,
            expected=surge.expected,
            ratio=round(surge.observed / max(surge.expected, 0.1), 1),
            q=round(surge.q, 4),
        )
        for surge in privacy.without_small_differences(hotspots.find(session, day, rules), rules.floor)
    ]


def read_week(session: Session, day: date, rules: InsightRules) -> list[Told]:
    """Return the newest orders of the week that ends with ``day``."""
    start, _ = bounds(day - timedelta(days=_STORY_DAYS - 1))
    return counting.recent(session, start=start, end=bounds(day)[1], limit=rules.story_texts)


def stories_of(told: Sequence[Told], catalogue: Catalogue, rules: InsightRules) -> list[StoryOut]:
    """Return what at least ``rules.floor`` people told of in these orders; takes some seconds."""
    places = [f"{each.street} {each.community}" if each.street and each.community else each.street for each in told]
    found = stories([each.text for each in told], [each.person for each in told], places, least=rules.floor)
    return [_story([told[member] for member in story.members], story.people, story.title, catalogue) for story in found]


def repeats_of(session: Session, day: date, catalogue: Catalogue, rules: InsightRules) -> list[RepeatOut]:
    """Return the matters that people came back with, over the city and by district."""
    start, _ = bounds(day - timedelta(days=rules.repeat_days - 1))
    found = counting.repeats(session, start, bounds(day)[1], times=rules.repeat_times)
    people = {(each.matter, each.district): each.people for each in found}
    orders = {(each.matter, each.district): each.orders for each in found}
    shown, sums = privacy.guard(people, rules.floor), privacy.totals(people, rules.floor)
    rows = []
    for matter, total in sums.items():
        if total is None:
            continue
        name = matter_name(catalogue, matter)
        filed = sum(count for (other, _), count in orders.items() if other == matter)
        rows.append(RepeatOut(district=None, matter_code=matter, matter=name, people=total, orders=filed))
        for (other, district), count in shown.items():
            if other == matter and district and count is not None:
                # How many orders the left-out districts have would follow from these and the total.
                rows.append(RepeatOut(district=district, matter_code=matter, matter=name, people=count, orders=None))
    return sorted(rows, key=lambda row: (-(sums[row.matter_code] or 0), row.matter_code, row.district is not None, -row.people))


def forecasts_of(session: Session, day: date, catalogue: Catalogue, rules: InsightRules) -> list[ForecastOut]:
    """Return next month's forecast of every matter with a year behind it, warnings first."""
    daily: dict[str, dict[date, int]] = defaultdict(dict)
    first = day
    for matter, when, filed, _, _ in repository.matter_days(session, day - _YEARS, day):
        first = min(first, when)
        if matter:
            daily[matter][when] = filed
    rows = []
    for matter, counts in daily.items():
        counts.setdefault(first, 0)  # months before the first order on it count as none, from when anything was counted
        month, rates = forecast.months(counts, day)
        found = forecast.forecast(rates, month)
        if found is None or found.expected < rules.floor:
            continue
        before = month - timedelta(days=1)
        last = sum(count for when, count in counts.items() if (when.year, when.month) == (before.year, before.month))
        if 0 < last < rules.floor:
            continue
        warning = found.expected >= _WARNED * max(last, rules.floor) and found.low > last
        rows.append(
            ForecastOut(
                matter_code=matter,
                matter=matter_name(catalogue, matter),
                month=month,
                expected=found.expected,
                low=found.low,
                high=found.high,
                last_month=last,
                error=found.error,
                naive_error=found.naive_error,
                held_out=found.held_out,
                warning=warning,
            )
        )
    return sorted(rows, key=lambda row: (not row.warning, -row.expected, row.matter_code))


def topics_of(session: Session, day: date, catalogue: Catalogue, rules: InsightRules) -> list[TopicOut]:
    """Return the list for 每月一题 over the twelve months up to ``day``."""
    start = date(day.year - 1, day.month, 1) + timedelta(days=31)
    found = topics.choose(repository.matter_days(session, start.replace(day=1), day), rules.floor)
    return [
        TopicOut(
            matter_code=topic.matter,
            matter=matter_name(catalogue, topic.matter),
            filed=topic.filed,
            months_on_top=topic.months_on_top,
            rework_rate=topic.rework_rate,
            overdue_rate=topic.overdue_rate,
            score=topic.score,
        )
        for topic in found
    ]


def matter_name(catalogue: Catalogue, code: str) -> str:
    """Return the name of an item, or of a group given by its two digits; the code itself where the catalogue has neither."""
    if item := catalogue.find(code):
        return item.name
    return next((item.group for item in catalogue.items.values() if item.code[:2] == code), code)


def _story(told: Sequence[Told], people: int, title: Sequence[str], catalogue: Catalogue) -> StoryOut:
    district = _most([each.district for each in told])
    street = _most([each.street for each in told])
    matter = _most([each.matter for each in told])
    return StoryOut(
        title=list(title),
        people=people,
        orders=len(told),
        district=district,
        street=street if district else None,
        matter=matter_name(catalogue, matter) if matter else None,
    )


def _most(values: Sequence[str | None]) -> str | None:
    """Return the value that more than half have."""
    value, count = Counter(values).most_common(1)[0]
    return value if 2 * count > len(values) else None
