"""Overruled readings: what the system understood wrongly and what is right, kept as rows for ``jsjb learn``."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy.orm import Session

from dispatch.catalogue.service import Catalogue
from dispatch.understanding import repository
from dispatch.understanding.models import Correction
from dispatch.units.service import Directory
from nlu import contact as contact_reader

CorrectedField = Literal["request_type", "matter", "district", "street", "unit"]
FIELDS: tuple[CorrectedField, ...] = get_args(CorrectedField)

REQUEST_TYPES = frozenset({"咨询", "求助", "投诉", "举报", "建议"})

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class UnknownValueError(ValueError):
    """What is said to be right isn't a value that the field can have; ``expected`` says what would be."""

    def __init__(self, field: CorrectedField, value: str, expected: str) -> None:
        super().__init__(f"{field}: {value}")
        self.field = field
        self.expected = expected


class NoCorrectionError(ValueError):
    """What is said to be right is what the system had said anyway."""


def record_correction(
    session: Session,
    *,
    field: CorrectedField,
    text: str,
    predicted: str | None,
    corrected: str,
    by: str,
    at: datetime,
    catalogue: Catalogue,
    units: Directory,
    confidence: float | None = None,
    source: str | None = None,
) -> int:
    """Keep one overruled reading and return the row's number.

    Args:
        field: ``matter`` and ``unit`` take a code or a name and are kept as the code; ``street`` takes ``朝阳区 望京街道`` or a
            street's name that occurs once in the city.
        text: what the resident wrote; contact details are masked before it is kept.
        predicted: what the system had said, in the same form; None where it had said nothing.
        corrected: what is right.
        by: the account that says so.
        confidence: how sure the system was, 0 to 1.
        source: what the text came from, e.g. ``message:17``; of several corrections of one source the last one counts.

    Raises:
        UnknownValueError: ``corrected`` isn't a value of ``field``. NoCorrectionError: it is what was predicted.
    """
    right = _value(field, corrected.strip(), catalogue, units)
    try:
        said = _value(field, predicted.strip(), catalogue, units) if predicted else None
    except UnknownValueError:
        said = (predicted or "").strip()[:80]  # an item or a unit that there is no more
    if right == said:
        raise NoCorrectionError(f"{field}: {right}")
    masked = contact_reader.mask(text.replace("\0", "")).strip()
    row = Correction(
        at=at,
        by=by,
        field=field,
        text=masked,
        predicted=said,
        confidence=confidence,
        corrected=right,
        source=source[:80] if source else None,
    )
    session.add(row)
    session.flush()
    return row.id


def corrected_value(session: Session, number: int) -> str:
    """Return what row ``number`` says is right, in the form it is kept in. Raises NoResultFound if there is no such row."""
    return session.get_one(Correction, number).corrected


def export(session: Session, field: CorrectedField) -> Iterator[str]:
    """Yield the corrections of ``field`` as the lines of a CSV file with the columns text, label, as ``jsjb learn`` reads them.

    Of several corrections of one source (or of the same text without a source) only the last counts. A text that a spreadsheet
    would take for a formula gets a space before it, which ``jsjb learn`` passes over.
    """
    last = {(row.source or row.text): row for row in repository.corrections(session, field)}
    yield _line("text", "label")
    for row in last.values():
        yield _line(f" {row.text}" if row.text.startswith(_FORMULA) else row.text, row.corrected)


def _line(*cells: str) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()


def _value(field: CorrectedField, value: str, catalogue: Catalogue, units: Directory) -> str:
    """Return ``value`` in the form it is kept in."""
    if field == "request_type":
        if value in REQUEST_TYPES:
            return value
        raise UnknownValueError(field, value, "咨询、求助、投诉、举报、建议之一")
    if field == "matter":
        if found := catalogue.by_label(value):
            return found.code
        raise UnknownValueError(field, value, "派单目录中的事项代码或名称")
    if field == "unit":
        if unit := units.by_label(value):
            return unit.code
        raise UnknownValueError(field, value, "单位代码、名称或简称")
    if field == "district":
        if (unit := units.district(value)) and unit.district:
            return unit.district
        raise UnknownValueError(field, value, "区名，例如“朝阳区”")
    streets = [unit for unit in units.all() if unit.kind in ("street", "town") and unit.short and unit.district]
    full = "".join(value.split())
    matching = [unit for unit in streets if full in (unit.short[0], f"{unit.district}{unit.short[0]}")]
    if len(matching) == 1:
        return f"{matching[0].district} {matching[0].short[0]}"
    raise UnknownValueError(field, value, "区和街道（乡镇）的名称，例如“朝阳区 望京街道”")
