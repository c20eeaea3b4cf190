"""``jsjb knowledge import`` and ``jsjb knowledge search``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bot.system import open_platform, running_platform, unit_codes
from dispatch.core.clock import beijing
from dispatch.core.settings import Settings
from dispatch.knowledge import service
from dispatch.knowledge.rows import KnowledgeFileError

_IMPORT_SECONDS = 600


class ImportRefusedError(Exception):
    """The file as a whole can't be imported; the message says why."""


def import_file(settings: Settings, file: Path, say: Callable[[str], None], *, dry_run: bool = False) -> int:
    """Import ``file`` (or, with ``dry_run``, only say what would become of it) and return how many rows were bad.

    While the platform runs on SQLite it is the only writer (DESIGN.md section 5), so then the file is handed to it.

    Raises:
        ImportRefusedError: the file can't be read as a whole.
    """
    running = running_platform(settings)
    report = _through(running, file, dry_run) if running else _directly(settings, file, dry_run)
    for error in report["errors"]:
        say(f"第 {error['line']} 行：{error['error']}")
    if dry_run:
        say("试导入，没有写入：")
    say(f"新增 {report['added']} 条，更新 {report['updated']} 条，未变 {report['unchanged']} 条，有误 {len(report['errors'])} 行。")
    return len(report["errors"])


def searcher(settings: Settings) -> Callable[[str], dict[str, Any]]:
    """Return a function from a query to ``{"hits": [{"id", "score"}], "answer"}``, ten hits, best first.

    A city that has imported its own knowledge base searches that alone, so that all ids are its own.
    """
    platform = open_platform(settings)
    base = platform.knowledge

    def search(query: str) -> dict[str, Any]:
        result = base.search(query, on=beijing(platform.clock.now()).date(), limit=10, own=True)
        return {"hits": [{"id": hit.id, "score": round(float(hit.score), 4)} for hit in result.hits], "answer": result.answer}

    return search


def _directly(settings: Settings, file: Path, dry_run: bool) -> dict[str, Any]:
    platform = open_platform(settings)
    columns = (TextColumn("导入"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("导入", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        try:
            now = platform.clock.now()
            report = service.import_file(
                platform.database, file.name, file, now, unit_code=unit_codes(platform), progress=progress, dry_run=dry_run
            )
        except KnowledgeFileError as error:
            raise ImportRefusedError(str(error)) from error
        finally:
            platform.database.dispose()
    errors = [{"line": error.line, "id": error.id, "error": error.error} for error in report.errors]
    return {"added": report.added, "updated": report.updated, "unchanged": report.unchanged, "errors": errors}


def _through(running: tuple[str, str], file: Path, dry_run: bool) -> dict[str, Any]:
    url, token = running
    with file.open("rb") as handle:
        answer = httpx.post(
            f"{url}/api/v1/knowledge/import",
            files={"file": (file.name, handle)},
            params={"dry_run": dry_run},
            headers={"Authorization": f"Bearer {token}"},
            timeout=_IMPORT_SECONDS,
            trust_env=False,
        )
    if not answer.is_success:
        raise ImportRefusedError(str(answer.json().get("detail", answer.status_code)))
    return dict(answer.json())
