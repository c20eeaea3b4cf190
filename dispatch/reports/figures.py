"""The figures of a report, put together from statistics, callbacks, emergencies and questions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from dispatch.emergencies import service as emergencies
from dispatch.evaluation import service as evaluation
from dispatch.evaluation.rates import Counts, Rates, ranked, rates, total
from dispatch.evaluation.rules import Rules
from dispatch.insight import service as insight
from dispatch.insight.schemas import TopicOut
from dispatch.knowledge import service as knowledge
from dispatch.reports import tables
from dispatch.reports.tables import NOWHERE, UNASSIGNED, UNKNOWN, Table
from dispatch.statistics import service as statistics
from dispatch.statistics.counting import Tally
from dispatch.statistics.service import Period
from dispatch.understanding.service import Reference
from dispatch.units.service import KIND_NAMES, UnitEntry

CHANNELS = {
    **{"web": "网页", "sms": "短信", "voice": "电话", "telegram": "Telegram", "whatsapp": "WhatsApp"},
    **{"open311": "Open311", "phone": "话务", "import": "批量导入"},
}
_MOST_TOPICS, _SAME_TIME = 12, timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything a report says in numbers. ``before`` is the period of the same length a year earlier; ``unit`` is set in a unit's own."""

    first: date
    last: date
    unit: UnitEntry | None
    total: Tally
    before: Tally
    by_day: dict[date, Tally]
    city: Rates
    city_counts: Counts
    own: Rates | None
    own_rank: tuple[int, int] | None
    """Place among units of the same kind, and how many of them were assessed."""
    emergencies: dict[str, int]
    asked: int
    answered_at_once: int
    tables: tuple[Table, ...]
    as_of: datetime | None
    """When the orders were counted, where that wasn't just now."""
    topics: tuple[str, ...]
    """Matters that insight proposes for 每月一题, the most pressing first; by name only, and only such as stand in a public table."""

    def table(self, name: str) -> Table:
        """Return the table called ``name``. Raises KeyError."""
        return {table.name: table for table in self.tables}[name]

    @property
    def growth(self) -> float | None:
        """Change of the volume against the year before, as a share of it; None where either is nothing, or too little to tell."""
        if self.public and min(self.total.filed, self.before.filed) < tables.K:
            return None
        return self.total.filed / self.before.filed - 1 if self.before.filed else None

    @property
    def public(self) -> bool:
        """Whether anyone may read it: then no number tells of a few."""
        return self.unit is None


def gather(session: Session, first: date, last: date, reference: Reference, *, unit: UnitEntry | None = None) -> Figures:
    """Return the figures of days ``first`` to ``last``, of the whole city or of the orders that ``unit`` leads."""
    period = statistics.exact(session, first, last)
    earlier = statistics.exact(session, _year_before(first), _year_before(last))
    _, rules, counts = evaluation.figures(session, first=first, last=last)
    city = total(evaluation.figures(session, first=first, last=last, double=False)[2].values())
    dimension, keys = ("unit", (unit.code,)) if unit else ("all", ("",))
    own, rank = _standing(unit, counts, rules, reference) if unit else (None, None)
    asked = knowledge.rates(session, first, last, by="unit", unit_code=unit.code if unit else None, limit=1000)
    made = _of_unit(period, unit, reference) if unit else _of_city(period, earlier, counts, rules, reference)
    return Figures(
        first=first,
        last=last,
        unit=unit,
        total=_sum(period.by_day(dimension, keys)),
        before=_sum(earlier.by_day(dimension, keys)),
        by_day=period.by_day(dimension, keys),
        city=rates(city, rules),
        city_counts=city,
        own=own,
        own_rank=rank,
        emergencies={} if unit else emergencies.count_by_line(session, first, last),
        asked=sum(row.asked for row in asked),
        answered_at_once=sum(row.answered for row in asked),
        tables=tuple(made),
        as_of=period.as_of,
        topics=() if unit else _topics(session, last, made),
    )


def _topics(session: Session, last: date, made: list[Table]) -> tuple[str, ...]:
    """Return the names of the topics, where they were chosen about the end of the period."""
    found = insight.latest(session, insight.TOPICS, TopicOut)
    if found.day is None or abs(found.day - last) > _SAME_TIME:
        return ()
    public = {row[0] for table in made if table.name == "matters" for row in table.rows}
    return tuple(topic.matter for topic in found.rows if topic.matter in public)[:_MOST_TOPICS]


def _of_city(period: Period, earlier: Period, counts: dict[str, Counts], rules: Rules, reference: Reference) -> list[Table]:
    of, place = tables.of_tallies, lambda key: key.replace("/", " ") or NOWHERE
    groups = of("groups", "诉求分类", "分类", period.sums("group"), group_name(reference))
    districts = of("districts", "各区诉求", "区", period.sums("district"), lambda key: key or NOWHERE)
    hours = of("hours", "一天中的时段", "时段", period.sums("hour"), lambda key: f"{key}:00", in_order=True)
    made = [
        of("channels", "受理渠道", "渠道", period.sums("channel"), lambda key: CHANNELS.get(key, key)),
        of("types", "诉求类型", "类型", period.sums("type"), lambda key: key or UNKNOWN),
        groups,
        of("matters", "具体事项", "事项", period.sums("matter"), _matter_name(reference), within=groups, parents=lambda key: (key[:2],)),
        districts,
        of("streets", "各街道（乡镇）诉求", "街道（乡镇）", period.sums("street"), place, within=districts, parents=_district_of),
        of("units", "各承办单位办理情况", "承办单位", period.sums("unit"), _unit_name(reference)),
        tables.of_waits(period.sums("wait"), public=True),
        hours,
        tables.of_weekdays(_by_weekday(period), hours, public=True),
        _compared("groups-years", "诉求分类：与上年同期相比", "分类", (period, earlier), "group", group_name(reference)),
        _compared("districts-years", "各区诉求：与上年同期相比", "区", (period, earlier), "district", lambda key: key or NOWHERE),
    ]
    return [*made, *_in_time(period.by_day()), *_rankings(counts, rules, reference)]


def _compared(name: str, title: str, label: str, years: tuple[Period, Period], dimension: str, text: Callable[[str], str]) -> Table:
    now, before = ({key: tally.filed for key, tally in period.sums(dimension).items()} for period in years)
    return tables.of_years(name, title, label, now, before, text)


def _by_weekday(period: Period) -> dict[str, int]:
    found: dict[str, int] = {}
    for (day, hour), filed in period.filed_by_day_and_key("hour").items():
        key = f"{day.isoweekday()}/{hour}"
        found[key] = found.get(key, 0) + filed
    return found


def _district_of(street: str) -> tuple[str, ...]:
    return (street.partition("/")[0],) if street else ()


def _of_unit(period: Period, unit: UnitEntry, reference: Reference) -> list[Table]:
    groups = {key.partition("/")[2]: tally for key, tally in period.sums("unit_group", prefix=f"{unit.code}/").items()}
    by_day = period.by_day("unit", (unit.code,))
    made = [
        tables.of_tallies("groups", "诉求分类", "分类", groups, group_name(reference), public=False),
        *_in_time(by_day, public=False),
    ]
    if unit.kind == "district":
        inside = {
            key: tally
            for key, tally in period.sums("unit").items()
            if (other := reference.units.find(key)) and other.parent_code == unit.code
        }
        made.append(tables.of_tallies("streets", "所辖街道（乡镇）办理情况", "街道（乡镇）", inside, _unit_name(reference), public=False))
    return made


def _in_time(by_day: dict[date, Tally], *, public: bool = True) -> tuple[Table, Table]:
    """Return the tables by day and by month."""
    by_month: dict[str, Tally] = {}
    for day, tally in by_day.items():
        by_month.setdefault(f"{day:%Y-%m}", Tally()).add(tally)
    months = tables.in_time("months", "逐月受理量", "月份", by_month, public=public)
    days = {f"{day:%Y-%m-%d}": tally for day, tally in by_day.items()}
    return tables.in_time("days", "逐日受理量", "日期", days, public=public, within=months), months


def _rankings(counts: dict[str, Counts], rules: Rules, reference: Reference) -> list[Table]:
    """Return one table of the three rates for each kind of unit (分级分类, Art. 25), without units that have too few callbacks."""
    made = []
    for kind, label in KIND_NAMES.items():
        of_kind = {code: found for code, found in counts.items() if (unit := reference.units.find(code)) and unit.kind == kind}
        rows = ranked({code: found for code, found in of_kind.items() if found.valid >= tables.K}, rules)
        if rows:
            cells = [(row.rank, reference.units.get(row.unit_code).name, row.counts.valid, *map(_share, _four(row.rates))) for row in rows]
            columns = ("名次", "单位", "有效回访", "响应率", "解决率", "满意率", "综合得分")
            made.append(Table(f"rates-{kind}", f"三率考评：{label}", columns, tuple(cells), frozenset({3, 4, 5, 6})))
    return made


def _standing(unit: UnitEntry, counts: dict[str, Counts], rules: Rules, reference: Reference) -> tuple[Rates, tuple[int, int] | None]:
    alike = {code: found for code, found in counts.items() if (other := reference.units.find(code)) and other.kind == unit.kind}
    rows = ranked(alike, rules)
    place = next((row.rank for row in rows if row.unit_code == unit.code), None)
    return rates(counts.get(unit.code, Counts()), rules), (place, len(rows)) if place else None


def _four(found: Rates) -> tuple[object, ...]:
    return found.response, found.solution, found.satisfaction, found.composite


def _share(percent: object) -> float | None:
    return float(str(percent)) / 100 if percent is not None else None


def _sum(by_day: dict[date, Tally]) -> Tally:
    found = Tally()
    for tally in by_day.values():
        found.add(tally)
    return found


def _year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def group_name(reference: Reference) -> Callable[[str], str]:
    """Return a function from the code of a group of the catalogue to its name."""
    names = {item.group_code: item.group for item in reference.catalogue.items.values()}
    return lambda key: names.get(key, key or UNKNOWN)


def _matter_name(reference: Reference) -> Callable[[str], str]:
    def name(key: str) -> str:
        item = reference.catalogue.find(key)
        return item.name if item else key or UNKNOWN

    return name


def _unit_name(reference: Reference) -> Callable[[str], str]:
    def name(key: str) -> str:
        unit = reference.units.find(key)
        return unit.name if unit else key or UNASSIGNED

    return name


LONGEST = timedelta(days=3660)
"""The longest period of a report."""
