"""A report as PDF, for printing and filing: text and tables; the charts' numbers are the tables'."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer
from reportlab.platypus import Table as Grid

if TYPE_CHECKING:
    from dispatch.reports.service import Report
    from dispatch.reports.tables import Table

_FONT = "STSong-Light"  # every PDF reader brings it for Chinese: nothing has to be installed
_RED, _LINE = colors.HexColor("#b3261e"), colors.HexColor("#c9d1da")
_MOST_ROWS = 40
_NOT_PRINTED = ("days", "weekdays")
"""Tables that are too long or too wide for paper."""

_BODY = ParagraphStyle("body", fontName=_FONT, fontSize=10.5, leading=18, wordWrap="CJK", firstLineIndent=21, spaceAfter=4)
_TITLE = ParagraphStyle("title", fontName=_FONT, fontSize=18, leading=26, wordWrap="CJK", alignment=1, spaceAfter=4)
_DATE = ParagraphStyle("date", fontName=_FONT, fontSize=10, leading=16, wordWrap="CJK", alignment=1, spaceAfter=12)
_HEADING = ParagraphStyle(
    "heading", fontName=_FONT, fontSize=13.5, leading=22, wordWrap="CJK", textColor=_RED, spaceBefore=12, spaceAfter=4
)
_SMALL = ParagraphStyle("small", fontName=_FONT, fontSize=9, leading=14, wordWrap="CJK")
_CELL = ParagraphStyle("cell", fontName=_FONT, fontSize=8.5, leading=11, wordWrap="CJK")

_NUMERALS = "一二三四五六七八九十"


def write(report: Report, file: Path) -> Path:
    """Write ``report`` to ``file`` and return it."""
    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    story: list[Any] = [Paragraph(escape(report.title), _TITLE), Paragraph(escape(f"{report.period}　生成于 {report.made}"), _DATE)]
    for numeral, section in zip(_NUMERALS, report.sections, strict=False):
        story.append(Paragraph(escape(f"{numeral}、{section.title}"), _HEADING))
        story += [Paragraph(escape(paragraph), _BODY) for paragraph in section.paragraphs]
        for table in (*section.tables, *(table for table in section.folded if table.rows and table.name not in _NOT_PRINTED)):
            story += _grid(table)
    story.append(Paragraph("说明", _HEADING))
    story += [Paragraph(escape(f"{number}. {note}"), _SMALL) for number, note in enumerate(report.notes, 1)]
    document = SimpleDocTemplate(
        str(file),
        pagesize=A4,
        leftMargin=20 * mm,
        rightMargin=20 * mm,
        topMargin=18 * mm,
        bottomMargin=18 * mm,
        title=report.title,
        lang="zh-CN",
    )
    document.build(story, onFirstPage=_number, onLaterPages=_number)
    return file


def _grid(table: Table) -> list[Any]:
    rows = [[Paragraph(escape(cell), _CELL) for cell in row] for row in (table.columns, *table.shown(_MOST_ROWS))]
    more = f"（前 {_MOST_ROWS} 项，全部见 {table.name}.csv）" if len(table.rows) > _MOST_ROWS else ""
    first = 45 * mm
    others = (170 * mm - first) / (len(table.columns) - 1)
    grid = Grid(rows, colWidths=[first, *[others] * (len(table.columns) - 1)], repeatRows=1)
    grid.setStyle(
        [("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE), ("LINEBELOW", (0, 0), (-1, 0), 1, _RED), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
    )
    return [Spacer(1, 3 * mm), Paragraph(escape(f"{table.title}{more}"), _SMALL), grid]


def _number(canvas: Any, document: Any) -> None:
    canvas.setFont(_FONT, 9)
    canvas.drawCentredString(A4[0] / 2, 10 * mm, f"— {document.page} —")
