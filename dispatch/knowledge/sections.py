"""Splits a document into entries: one for each heading with text under it, titled by its heading path."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from dispatch.knowledge.rows import KnowledgeFileError, Row, RowError, derived_id, make_row

MAX_CHARACTERS = 5_000_000
"""Characters of text that a document may have: a long law has two hundred thousand."""

_NUMBER = r"[一二三四五六七八九十百零〇\d]+"
_NUMBERED = (
    (1, re.compile(rf"^(第{_NUMBER}[编章])\s*(.*)$")),
    (2, re.compile(rf"^(第{_NUMBER}节)\s*(.*)$")),
    (3, re.compile(rf"^(第{_NUMBER}条(?:之{_NUMBER})?)\s*(.*)$")),
    (2, re.compile(rf"^({_NUMBER}、)(.{{1,40}})$")),
    (3, re.compile(r"^(（[一二三四五六七八九十]+）)(.{1,30})$")),
)
_ENDS_A_SENTENCE = re.compile(r"[。；，：]$")
_QUESTION = re.compile(r"[?？]$")


@dataclass(frozen=True, slots=True)
class Line:
    """A line or paragraph of a document; ``level`` from 1 for a heading, 0 for text."""

    number: int
    text: str
    level: int = 0


def too_long() -> KnowledgeFileError:
    """Return the error of a document with more than ``MAX_CHARACTERS``."""
    return KnowledgeFileError(f"文件太大：文字超过 {MAX_CHARACTERS // 10_000} 万字，请分成几个文件")


def guess_headings(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield ``lines`` of a document that marks no headings, with those found that begin 第一章, 第三条, 一、, （二）."""
    for line in lines:
        yield from _numbered(line)


def _numbered(line: Line) -> Iterator[Line]:
    for level, pattern in _NUMBERED:
        if found := pattern.match(line.text):
            label, rest = found[1], found[2].strip()
            if label.endswith("条"):  # an article's text follows on the same line
                yield Line(line.number, label, level)
                if rest:
                    yield Line(line.number, rest)
                return
            if not _ENDS_A_SENTENCE.search(rest):
                yield Line(line.number, f"{label}{rest}" if label.endswith(("、", "）")) else f"{label} {rest}".strip(), level)
                return
    yield line


def rows_of(lines: Iterable[Line], document: str, shared: dict[str, Any]) -> Iterator[Row | RowError]:
    """Yield an entry for each heading that has text under it; text before the first heading belongs to the document's title.

    The same heading path of the same document always gets the same id, so that a new edition updates.

    Args:
        document: what the document is known by: its name, or the id or source that it gives itself.
        shared: what holds for all of its entries (subject, source, unit_name ...); ``title`` is the document's own.

    Raises:
        KnowledgeFileError: there is no text, or more than ``MAX_CHARACTERS``.
    """
    title = str(shared.get("title") or document)
    common = {name: value for name, value in shared.items() if name != "title"}
    common.setdefault("source", title)
    path: list[tuple[int, str]] = []
    body: list[str] = []
    start, total, found = 1, 0, False
    seen: Counter[str] = Counter()

    def entry() -> Row | RowError | None:
        text = "\n".join(body).strip()
        if not text:
            return None
        headings = [heading for _, heading in path]
        name = " / ".join(headings)
        seen[name] += 1
        key = name if seen[name] == 1 else f"{name} #{seen[name]}"
        if headings and _QUESTION.search(headings[-1]):
            asked = headings[-1]
        else:
            asked = " ".join([title, *headings] if not headings or headings[0] != title else headings)
        values = {**common, "title": asked[:1000], "answer": text, "article": str(common.get("article") or name)[:200]}
        return make_row(start, derived_id(document, key), values)

    for line in lines:
        total += len(line.text)
        if total > MAX_CHARACTERS:
            raise too_long()
        if not line.level:
            body.append(line.text)
            continue
        if made := entry():
            found = True
            yield made
        while path and path[-1][0] >= line.level:
            path.pop()
        path.append((line.level, line.text.strip()[:120]))
        body, start = [], line.number
    if made := entry():
        found = True
        yield made
    if not found:
        raise KnowledgeFileError("文件里没有可以导入的文字（扫描件请先做文字识别）")
