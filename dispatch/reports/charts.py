"""Charts of a report, as Plotly draws them; the script goes into the page once, so that the file needs no network."""

from __future__ import annotations

from datetime import date

import plotly.graph_objects as go
from plotly.io import to_html
from plotly.offline import get_plotlyjs

from dispatch.reports.tables import UNNAMED, K, Table
from dispatch.statistics.counting import Tally

_RED, _BLUE, _GREY = "#b3261e", "#1f5fae", "#8a94a3"
_FONT = {"family": "'Noto Sans CJK SC','Source Han Sans SC','PingFang SC','Microsoft YaHei',sans-serif", "size": 14, "color": "#1f2630"}
_MARGIN = {"l": 8, "r": 16, "t": 8, "b": 8}
_ROW, _AROUND = 28, 60
_MOST_BARS = 20


def script() -> str:
    """Return Plotly's own script."""
    return str(get_plotlyjs())


def volume(by_day: dict[date, Tally], *, public: bool = True) -> str:
    """Return the curve of orders filed by day, with the mean of seven days."""
    days = list(by_day)
    filed = [tally.filed if not public or tally.filed >= K else None for tally in by_day.values()]
    figure = go.Figure()
    figure.add_scatter(
        x=days, y=filed, mode="lines+markers" if len(days) < 2 * 31 else "lines", name="当日", line={"color": _BLUE, "width": 1.5}
    )
    if len(days) > 14:
        figure.add_scatter(
            x=days, y=_smooth([tally.filed for tally in by_day.values()]), mode="lines", name="七日平均", line={"color": _RED, "width": 3}
        )
    figure.update_yaxes(rangemode="tozero", gridcolor="#e3e8ee")
    figure.update_xaxes(tickformat="%Y-%m-%d", gridcolor="#e3e8ee")
    return _html(figure, 320, "逐日受理量")


def bars(table: Table, column: int = 1, *, share: bool = False, color: str = _RED) -> str:
    """Return horizontal bars of ``column`` of ``table``, the most first."""
    rows = [row for row in table.rows if row[0] not in UNNAMED and isinstance(row[column], (int, float))][:_MOST_BARS]
    names, values = [str(row[0]) for row in rows], [row[column] for row in rows]
    text = [f"{value:.1%}" if share else f"{value:,}" for value in values]
    figure = go.Figure(go.Bar(x=values, y=names, orientation="h", text=text, textposition="auto", textangle=0, marker={"color": color}))
    figure.update_yaxes(autorange="reversed", ticksuffix="  ")
    figure.update_xaxes(visible=False, tickformat=".0%" if share else None)
    return _html(figure, _AROUND + _ROW * len(rows), table.title)


def columns(table: Table, column: int = 1) -> str:
    """Return upright bars of ``column`` of ``table``, in the table's order."""
    rows = [
        row for row in sorted(table.rows, key=lambda row: str(row[0])) if row[0] not in UNNAMED and isinstance(row[column], (int, float))
    ]
    figure = go.Figure(go.Bar(x=[str(row[0]) for row in rows], y=[row[column] for row in rows], marker={"color": _GREY}))
    figure.update_yaxes(gridcolor="#e3e8ee")
    figure.update_xaxes(type="category")
    return _html(figure, 260, table.title)


def _smooth(values: list[int]) -> list[float | None]:
    return [sum(values[end - 6 : end + 1]) / 7 if end >= 6 else None for end in range(len(values))]


def _html(figure: go.Figure, height: int, label: str) -> str:
    figure.update_layout(
        font=_FONT, margin=_MARGIN, height=height, plot_bgcolor="#fff", paper_bgcolor="#fff", legend={"orientation": "h", "y": 1.12}
    )
    drawn = to_html(figure, full_html=False, include_plotlyjs=False, config={"displayModeBar": False, "responsive": True})
    return f'<div class="chart" role="img" aria-label="{label}，数据见下表">{drawn}</div>'
