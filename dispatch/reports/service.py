"""Making a report: HTML with charts that needs no network, one CSV a table, and PDF (Art. 26, 27, 28)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dispatch.core.clock import beijing
from dispatch.evaluation import service as evaluation
from dispatch.platform import Platform
from dispatch.reports import charts, pdf, wording
from dispatch.reports.figures import Figures, gather
from dispatch.reports.tables import K, Table, said
from dispatch.units.service import UnitEntry

_NUMERALS = "零一二三四五六七八九十"


@dataclass(frozen=True, slots=True)
class Section:
    """A section: paragraphs, key figures, charts, tables that are shown and tables that are folded away."""

    title: str
    paragraphs: list[str] = field(default_factory=list)
    key: list[tuple[str, str]] = field(default_factory=list)
    charts: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    folded: list[Table] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Report:
    """A report ready to be written."""

    title: str
    period: str
    made: str
    sections: list[Section]
    notes: list[str]
    basis: str
    tables: tuple[Table, ...]


def make(platform: Platform, first: date, last: date, *, unit: UnitEntry | None = None) -> Report:
    """Return the report on days ``first`` to ``last`` (Beijing): the city's public one, or ``unit``'s own."""
    with platform.database.read() as session:
        figures = gather(session, first, last, platform.reference.current(), unit=unit)
        rules_version, rules = evaluation.rules_on(session, last)
    return Report(
        title=wording.title(figures),
        period=wording.period(figures),
        made=f"{beijing(platform.clock.now()):%Y-%m-%d %H:%M}",
        sections=_of_unit(figures) if unit else _of_city(figures),
        notes=wording.notes(figures, rules_version, rules),
        basis="第二十六条、第二十七条" if unit else "第二十八条",
        tables=tuple(table for table in figures.tables if table.rows) if unit or figures.total.filed >= K else (),
    )


def write(report: Report, folder: Path, *, with_pdf: bool = True) -> list[Path]:
    """Write ``report`` into ``folder``, which is made if it is missing, and return the files. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "report.html"
    page.write_text(as_html(report), encoding="utf-8")
    files = [page, *(table.write(folder) for table in report.tables)]
    if with_pdf:
        files.append(pdf.write(report, folder / "report.pdf"))
    return files


def as_html(report: Report) -> str:
    """Return the page, everything in it that came from outside escaped."""
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined)
    environment.filters["chinese"] = lambda number: _NUMERALS[number]
    return environment.get_template("report.html").render(
        title=report.title,
        period=report.period,
        made=report.made,
        sections=report.sections,
        notes=report.notes,
        basis=report.basis,
        script=charts.script() if any(section.charts for section in report.sections) else "",
    )


def _of_city(figures: Figures) -> list[Section]:
    if figures.total.filed < K:
        return [Section("总体情况", wording.overview(figures))]
    of = figures.table
    rankings = [table for table in figures.tables if table.name.startswith("rates-")]
    return [
        Section(
            "总体情况",
            wording.overview(figures),
            _key(figures),
            [charts.volume(figures.by_day, of("days").kept.filed)],
            folded=[of("months"), of("days")],
        ),
        Section(
            "受理渠道与诉求类型",
            _said(wording.leading(of("channels"), "从渠道看，受理量"), wording.leading(of("types"), "从类型看，受理量")),
            charts=[charts.bars(of("channels")), charts.bars(of("types"))],
            folded=[of("channels"), of("types")],
        ),
        Section(
            "什么时候反映",
            _said(wording.busiest(of("hours"))),
            charts=[charts.columns(of("months"), height=240), charts.columns(of("hours")), charts.heat(of("weekdays"))],
            folded=[of("hours"), of("weekdays")],
        ),
        Section(
            "群众反映的主要问题",
            _said(
                wording.leading(of("groups"), "从分类看，受理量"),
                wording.leading(of("matters"), "从具体事项看，受理量"),
                wording.changed(of("groups-years")),
            ),
            charts=[charts.bars(of("groups")), charts.bars(of("matters"))],
            folded=[of("groups"), of("groups-years"), of("matters")],
        ),
        Section(
            "区域分布",
            _said(
                wording.leading(of("districts"), "从区看，受理量"),
                wording.leading(of("streets"), "从街道（乡镇）看，受理量"),
                wording.changed(of("districts-years")),
            ),
            charts=[charts.bars(of("districts"))],
            folded=[of("districts"), of("districts-years"), of("streets")],
        ),
        Section(
            "办理情况",
            _said(*wording.handling(figures), wording.within_a_day(of("waits"))),
            charts=[charts.bars(of("waits"), color=charts.GREY), charts.punctuality(of("districts"))],
            folded=[of("waits"), of("units")],
        ),
        Section("响应率、解决率、满意率", wording.rates(figures), tables=rankings),
        *([Section("主动治理", wording.topics(figures))] if figures.topics else []),
    ]


def _of_unit(figures: Figures) -> list[Section]:
    made = [Section("总体情况", wording.overview(figures))]
    if figures.total.filed:
        of = figures.table
        overview = charts.volume(figures.by_day, frozenset())
        groups = _said(wording.leading(of("groups"), "受理量"))
        made = [
            Section("总体情况", wording.overview(figures), _key(figures), [overview], folded=[of("months"), of("days")]),
            Section("群众反映的主要问题", groups, charts=[charts.bars(of("groups"))], tables=[of("groups")]),
            Section("办理情况", wording.handling(figures)),
        ]
    made += [Section("所辖街道（乡镇）", tables=[table]) for table in figures.tables if table.name == "streets" and table.rows]
    return [*made, Section("响应率、解决率、满意率", wording.rates(figures))]


def _key(figures: Figures) -> list[tuple[str, str]]:
    total, rates = figures.total, figures.own or figures.city
    key = [("受理", f"{total.filed:,} 件"), ("办结", said(total.closed, public=figures.public))]
    if total.on_time_rate is not None and wording.tellable(figures, total.on_time, total.overdue):
        key.append(("按时答复率", f"{total.on_time_rate:.1%}"))
    named = (("响应率", rates.response), ("解决率", rates.solution), ("满意率", rates.satisfaction))
    if figures.public and figures.city_counts.valid < K:
        return key
    return [*key, *((name, f"{value}%") for name, value in named if value is not None)]


def _said(*sentences: str) -> list[str]:
    return [sentence for sentence in sentences if sentence]
