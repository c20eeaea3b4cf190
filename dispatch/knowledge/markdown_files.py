"""Reads a Markdown document: front matter for what all its entries share, an entry for each heading."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any

import frontmatter
import yaml
from markdown_it import MarkdownIt

from dispatch.knowledge.csv_files import decode
from dispatch.knowledge.rows import KnowledgeFileError, Row, RowError
from dispatch.knowledge.sections import MAX_CHARACTERS, Line, rows_of, too_long

_SHARED = ("title", "subject", "source", "article", "unit_name", "unit_code", "region", "valid_from", "valid_to")
_OTHER_NAMES = {"dept": "unit_name", "unit": "unit_name"}
_FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_MAX_FRONT = 20_000
_PARSER = MarkdownIt("commonmark")


def read_rows(data: bytes, name: str) -> Iterator[Row | RowError]:
    """Yield the entries of a Markdown document, good or bad, in order.

    Args:
        name: the file's name without its ending; the document is known by it unless front matter gives an ``id``.

    Raises:
        KnowledgeFileError: encoding or front matter can't be read, or there is no text.
    """
    text = decode(data).replace("\r\n", "\n")
    if len(text) > MAX_CHARACTERS:
        raise too_long()
    front = _FRONT.match(text)
    given = _front_matter(text, front) if front else {}
    offset = text[: front.end()].count("\n") if front else 0
    body = text[front.end() :] if front else text
    known_by = str(given.pop("id", "") or name)
    return rows_of(_lines(body, offset), known_by, given)


def _front_matter(text: str, front: re.Match[str]) -> dict[str, Any]:
    if len(front[1]) > _MAX_FRONT:
        raise KnowledgeFileError("文件开头的属性太长")
    try:
        values = frontmatter.loads(text[: front.end()]).metadata
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise KnowledgeFileError("文件开头的属性不是合法的 YAML") from error
    if front[1].strip() and not values:
        raise KnowledgeFileError("文件开头的属性应为“名称: 值”")
    found: dict[str, Any] = {}
    for key, value in values.items():
        field = _OTHER_NAMES.get(str(key), str(key))
        if field not in (*_SHARED, "id"):
            raise KnowledgeFileError(f"文件开头的属性“{key}”不认识；可以写 id、{'、'.join(_SHARED)}")
        if not isinstance(value, str | int | float | date):
            raise KnowledgeFileError(f"文件开头的属性“{key}”应为文字或日期")
        found[field] = value if isinstance(value, date) else str(value)
    return found


def _lines(text: str, offset: int) -> Iterator[Line]:
    """Yield headings, wherever Markdown sees one (not in a code block), and the lines between them."""
    lines = text.split("\n")
    headings: dict[int, tuple[int, int, str]] = {}
    tokens = _PARSER.parse(text)
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open" and opening.map and opening.level == 0:
            headings[opening.map[0]] = (opening.map[1], int(opening.tag[1]), inline.content)
    number = 0
    while number < len(lines):
        if number in headings:
            end, level, heading = headings[number]
            yield Line(offset + number + 1, heading, level)
            number = end
            continue
        yield Line(offset + number + 1, lines[number])
        number += 1
