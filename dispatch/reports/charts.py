"""Charts of a report, as Plotly draws them; the script goes into the page once, so that the file needs no network."""

from __future__ import annotations

from collections.abc import Set
from datetime import date, timedelta

import plotly.graph_objects as go
from plotly.io import to_html
from plotly.offline import get_plotlyjs

from dispatch.reports.tables import UNNAMED, Table
from dispatch.statistics.counting import Tally

_RED, _BLUE, GREY = "#b3261e", "#1f5fae", "#5f6b7a"
_FONT = {"family": "'Noto Sans CJK SC','Source Han Sans SC','PingFang SC','Microsoft YaHei',sans-serif", "size": 14, "color": "#1f2630"}
_GRID = "#e3e8ee"
_MARGIN = {"l": 8, "r": 16, "t": 8, "b": 8}
_ROW, _AROUND = 28, 60
_MOST_BARS = 20


def script() -> str:
    """Return Plotly's own script."""
    return str(get_plotlyjs())


def volume(by_day: dict[date, Tally], kept: Set[str]) -> str:
    """Return the curve of orders filed by day, without the days in ``kept``, and the mean of seven days."""
    first, last = min(by_day), max(by_day)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    filed = [None if str(day) in kept else by_day[day].filed if day in by_day else 0 for day in days]
    figure = go.Figure()
    figure.add_scatter(
        x=days, y=filed, mode="lines+markers" if len(days) < 2 * 31 else "lines", name="当日", line={"color": _BLUE, "width": 1.5}
    )
    if len(days) > 14:
        figure.add_scatter(x=days, y=_smooth(filed), mode="lines", name="七日平均", line={"color": _RED, "width": 3})
    figure.update_yaxes(rangemode="tozero", gridcolor=_GRID)
    figure.update_xaxes(tickformat="%Y-%m-%d", gridcolor=_GRID, nticks=6)
    return _html(figure, 320, "逐日受理量")


def heat(table: Table) -> str:
    """Return weekday by hour as a grid, darker where more was filed."""
    values = [[cell if isinstance(cell, int) else None for cell in row[1:]] for row in table.rows]
    figure = go.Figure(
        go.Heatmap(
            z=values,
            x=[column[:2] for column in table.columns[1:]],
            y=[row[0] for row in table.rows],
            colorscale=[[0, "#eef3fa"], [1, _BLUE]],
            xgap=2,
            ygap=2,
            hovertemplate="%{y} %{x} 时：%{z} 件<extra></extra>",
            colorbar={"thickness": 12},
        )
    )
    figure.update_yaxes(autorange="reversed", ticksuffix="  ")
    figure.update_xaxes(type="category", title={"text": "时"})
    return _html(figure, 300, table.title)


def bars(table: Table, column: int = 1, *, share: bool = False, color: str = _RED) -> str:
    """Return horizontal bars of ``column`` of ``table``, the most first."""
    rows = [row for row in table.rows if row[0] not in UNNAMED and isinstance(row[column], (int, float))][:_MOST_BARS]
    names, values = [str(row[0]) for row in rows], [row[column] for row in rows]
    text = [f"{value:.1%}" if share else f"{value:,}" for value in values]
    figure = go.Figure(go.Bar(x=values, y=names, orientation="h", text=text, textposition="auto", textangle=0, marker={"color": color}))
    figure.update_yaxes(autorange="reversed", ticksuffix="  ")
    figure.update_xaxes(visible=False, tickformat=".0%" if share else None)
    return _html(figure, _AROUND + _ROW * len(rows), table.title)


def punctuality(table: Table) -> str:
    """Return bars of the share of orders answered in time, the best first."""
    rows = sorted((row for row in table.rows if isinstance(row[3], float)), key=lambda row: -float(row[3] or 0))
    return bars(Table(table.name, "各区按时答复率", table.columns, tuple(rows)), 3, share=True, color=_BLUE)


def columns(table: Table, column: int = 1, *, height: int = 260) -> str:
    """Return upright bars of ``column`` of ``table``, in the table's order."""
    rows = [
        row for row in sorted(table.rows, key=lambda row: str(row[0])) if row[0] not in UNNAMED and isinstance(row[column], (int, float))
    ]
    figure = go.Figure(go.Bar(x=[str(row[0]) for row in rows], y=[row[column] for row in rows], marker={"color": GREY}))
    figure.update_yaxes(gridcolor=_GRID)
    figure.update_xaxes(type="category")
    return _html(figure, height, table.title)


def _smooth(values: list[int | None]) -> list[float | None]:
    means: list[float | None] = [None] * min(6, len(values))
    for end in range(7, len(values) + 1):
        week = [value for value in values[end - 7 : end] if value is not None]
        means.append(sum(week) / 7 if len(week) == 7 else None)
    return means


def _html(figure: go.Figure, height: int, label: str) -> str:
    figure.update_layout(
        font=_FONT, margin=_MARGIN, height=height, plot_bgcolor="#fff", paper_bgcolor="#fff", legend={"orientation": "h", "y": 1.12}
    )
    drawn = to_html(figure, full_html=False, include_plotlyjs=False, config={"displayModeBar": False, "responsive": True})
    return f'<figure class="chart"><figcaption>{label}</figcaption><div role="img" aria-label="{label}，数据见下表">{drawn}</div></figure>'
