"""Taking in what others wrote: files of a city, and the entries that the system comes with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path, PurePath
from typing import Any

from sqlalchemy.orm import Session

from dispatch.core.database import Database
from dispatch.knowledge import csv_files, jsonl_files, markdown_files, office_files, repository
from dispatch.knowledge.content import content_of, encode, put_in_force
from dispatch.knowledge.models import KnowledgeEntry, KnowledgeVersion
from dispatch.knowledge.rows import KnowledgeFileError, Row, RowError, unique
from dispatch.knowledge.schemas import EntryContent
from dispatch.knowledge.seeds import load_seeds
from dispatch.knowledge.states import State
from nlu.files import data_path

_BATCH = 200
MAX_FILE = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file's rows."""

    added: int
    updated: int
    unchanged: int
    errors: tuple[RowError, ...]

    @property
    def taken(self) -> int:
        """How many rows are in the knowledge base now."""
        return self.added + self.updated + self.unchanged


Progress = Callable[[int, int], None]
"""Called with the rows done and the rows there are."""

UnitCode = Callable[[str], str | None]
"""Finds the code of a unit by the name that an entry gives, or None."""


def _no_unit(_name: str) -> None:
    return None


def import_file(
    database: Database,
    name: str,
    source: Path | bytes,
    now: datetime,
    *,
    unit_code: UnitCode = _no_unit,
    progress: Progress | None = None,
    dry_run: bool = False,
) -> ImportReport:
    """Take in a file as published entries, 250 to 500 a second.

    CSV (columns id, question, passage, dept), JSON Lines, and Markdown, DOCX and PDF documents, split at their headings: told by the
    ending of ``name``, CSV where it has none. An entry whose id is there already is updated (a new version) if it says something else.
    Bad rows are reported, good ones kept.

    Args:
        name: the file's name; a document's entries are known by it and their heading paths.
        source: the file, or its content.
        unit_code: finds the code of the unit that ``dept`` names.
        dry_run: report what would happen, change nothing.

    Raises:
        KnowledgeFileError: the file as a whole cannot be read, or is too large.
    """
    size = source.stat().st_size if isinstance(source, Path) else len(source)
    if size > MAX_FILE:
        raise KnowledgeFileError(f"文件太大：一次最多导入 {MAX_FILE // 1024 // 1024} MB，请分成几个文件")
    rows = list(unique(_rows(name, source.read_bytes() if isinstance(source, Path) else source)))
    good = [(row.id, _with_unit(row.content, unit_code)) for row in rows if isinstance(row, Row)]
    errors = tuple(row for row in rows if isinstance(row, RowError))
    added, updated, unchanged = _take_in(database, good, now, origin="import", progress=progress, dry_run=dry_run)
    return ImportReport(added, updated, unchanged, errors)


def import_csv(database: Database, source: Path | bytes, now: datetime, **more: Any) -> ImportReport:
    """Take in a CSV file; see ``import_file``."""
    return import_file(database, "knowledge.csv", source, now, **more)


def _rows(name: str, data: bytes) -> Iterator[Row | RowError]:
    path = PurePath(name)
    match path.suffix.lower():
        case ".jsonl" | ".ndjson" | ".json":
            return jsonl_files.read_rows(data)
        case ".md" | ".markdown":
            return markdown_files.read_rows(data, path.stem)
        case ".docx":
            return office_files.read_docx(data, path.stem)
        case ".pdf":
            return office_files.read_pdf(data, path.stem)
        case ".doc" | ".xls" | ".xlsx" | ".wps" | ".html" | ".zip" as suffix:
            raise KnowledgeFileError(f"不支持 {suffix} 文件；可以导入 CSV、JSON Lines、Markdown、DOCX、PDF")
        case _:
            return csv_files.read_rows(data)


def seed(database: Database, now: datetime, *, unit_code: UnitCode = _no_unit, folder: Path | None = None) -> int:
    """Take in the entries that the system comes with, or their changes in a new release; return how many were new or changed.

    An entry that a unit has since edited, or that was withdrawn, is left alone.
    """
    seeds = [(entry_id, _with_unit(content, unit_code)) for entry_id, content in load_seeds(folder or data_path("knowledge"))]
    with database.read() as session:
        kept = {entry.id for entry in repository.entries(session, [entry_id for entry_id, _ in seeds]).values() if _is_the_citys(entry)}
    added, updated, _ = _take_in(database, [each for each in seeds if each[0] not in kept], now, origin="seed")
    return added + updated


def _is_the_citys(entry: KnowledgeEntry) -> bool:
    return entry.origin != "seed" or entry.state != State.PUBLISHED.value


def _with_unit(content: EntryContent, unit_code: UnitCode) -> EntryContent:
    return (
        content.model_copy(update={"unit_code": unit_code(content.unit_name)}) if content.unit_name and not content.unit_code else content
    )


def _take_in(
    database: Database,
    entries: Sequence[tuple[str, EntryContent]],
    now: datetime,
    *,
    origin: str,
    progress: Progress | None = None,
    dry_run: bool = False,
) -> tuple[int, int, int]:
    added = updated = unchanged = 0
    waiting = iter(entries)
    while batch := list(islice(waiting, _BATCH)):
        with database.read() as session:
            present = repository.entries(session, [entry_id for entry_id, _ in batch])
            same = {entry_id for entry_id, content in batch if entry_id in present and content_of(present[entry_id]) == content}
        fresh = [(entry_id, content) for entry_id, content in batch if entry_id not in same]
        unchanged += len(same)
        added += sum(entry_id not in present for entry_id, _ in fresh)
        updated += sum(entry_id in present for entry_id, _ in fresh)
        if fresh and not dry_run:
            # Encoding is the long part, and no other writer should wait for it.
            blobs = encode(fresh)
            with database.write() as session:
                sequence = repository.next_sequence(session)
                for entry_id, content in fresh:
                    _publish_directly(session, entry_id, content, blobs[entry_id], sequence, origin, now)
        if progress:
            progress(added + updated + unchanged, len(entries))
    return added, updated, unchanged


def _publish_directly(
    session: Session, entry_id: str, content: EntryContent, vectors: bytes, sequence: int, origin: str, now: datetime
) -> None:
    entry = repository.entry(session, entry_id, lock=True)
    number = repository.last_version(session, entry_id) + 1
    if entry is None:
        entry = KnowledgeEntry(id=entry_id, created_at=now)
        session.add(entry)
    else:
        repository.supersede(session, entry_id)
    entry.origin = origin
    put_in_force(entry, content, number, vectors, sequence, now)
    session.flush()
    session.add(
        KnowledgeVersion(
            entry_id=entry_id,
            number=number,
            content=content.model_dump(mode="json"),
            state=State.PUBLISHED.value,
            author=origin,
            reviewer=origin,
            created_at=now,
            decided_at=now,
        )
    )


def unit_finder(units: Iterable[tuple[str, str, Sequence[str]]]) -> UnitCode:
    """Return a function that finds a unit's code by its name or a short one, with or without 北京市 and 市 in front.

    Args:
        units: code, name and short names of each unit.
    """
    codes: dict[str, set[str]] = {}
    for code, name, short in units:
        for each in {name, *short}:
            codes.setdefault(_bare(each), set()).add(code)

    def find(name: str) -> str | None:
        found = codes.get(_bare(name), set())
        return next(iter(found)) if len(found) == 1 else None

    return find


def _bare(name: str) -> str:
    return name.strip().removeprefix("北京市").removeprefix("北京").removeprefix("市") or name
