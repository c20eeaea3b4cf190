"""Reads DOCX and PDF documents within bounds of memory and time; what is beyond them is refused, not tried."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Iterator

import docx
import pypdf
from docx.opc.exceptions import PackageNotFoundError
from docx.table import Table
from docx.text.paragraph import Paragraph
from lxml.etree import XMLSyntaxError  # type: ignore[import-untyped]
from pypdf.errors import PyPdfError

from dispatch.knowledge.rows import KnowledgeFileError, Row, RowError
from dispatch.knowledge.sections import Line, guess_headings, rows_of

MAX_UNPACKED = 100 * 1024 * 1024
MAX_TEXT_PART = 20 * 1024 * 1024
"""Bytes of XML in one part of a DOCX: parsed, it takes ten times as much memory."""

MAX_RATIO = 200
MAX_PAGES = 3_000
MAX_SECONDS = 60.0
_HEADING_STYLE = re.compile(r"(?:heading|标题)\s*(\d)", re.IGNORECASE)


def read_docx(data: bytes, name: str) -> Iterator[Row | RowError]:
    """Yield the entries of a Word document by its heading styles, or by numbered headings where it has none.

    Raises:
        KnowledgeFileError: it is no DOCX, unpacks to more than ``MAX_UNPACKED`` (a zip bomb), or has no text.
    """
    _check_package(data)
    try:
        document = docx.Document(io.BytesIO(data))
        lines = list(_docx_lines(document))
    except (PackageNotFoundError, KeyError, ValueError, XMLSyntaxError, zipfile.BadZipFile) as error:
        raise KnowledgeFileError("不是可以读取的 DOCX 文件") from error
    marked = any(line.level for line in lines)
    return rows_of(lines if marked else guess_headings(lines), name, {"title": (document.core_properties.title or "").strip() or name})


def _check_package(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
    except zipfile.BadZipFile as error:
        raise KnowledgeFileError("不是可以读取的 DOCX 文件") from error
    total = sum(part.file_size for part in parts)
    bombs = (part for part in parts if part.file_size > 1024 * 1024 and part.file_size > MAX_RATIO * max(part.compress_size, 1))
    if total > MAX_UNPACKED or len(parts) > 10_000 or next(bombs, None):
        raise KnowledgeFileError("文件解压后过大，疑似压缩炸弹，未导入")
    if any(part.file_size > MAX_TEXT_PART and part.filename.endswith(".xml") for part in parts):
        raise KnowledgeFileError("文件太大：正文超过 20 MB，请分成几个文件")


def _docx_lines(document: docx.document.Document) -> Iterator[Line]:
    for number, block in enumerate(document.iter_inner_content(), 1):
        if isinstance(block, Paragraph):
            text = block.text.strip()
            style = _HEADING_STYLE.search((block.style.name if block.style else "") or "")
            if text:
                yield Line(number, text, int(style[1]) if style else 0)
        elif isinstance(block, Table):
            for row in block.rows:
                cells = list(dict.fromkeys(cell.text.strip().replace("\n", " ") for cell in row.cells))
                yield Line(number, " | ".join(cells))


def read_pdf(data: bytes, name: str) -> Iterator[Row | RowError]:
    """Yield the entries of a PDF by its numbered headings (第一章, 第三条, 一、), page after page; a line's number is its page's.

    Raises:
        KnowledgeFileError: it is no PDF, is encrypted, has too many pages, takes longer than ``MAX_SECONDS``, or has no text.
    """
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise KnowledgeFileError("PDF 有密码，请去掉密码再导入")
        pages = len(reader.pages)
        title = str((reader.metadata.title if reader.metadata else "") or "").strip()
    except (PyPdfError, ValueError, KeyError, TypeError, RecursionError, OSError, AttributeError) as error:
        if isinstance(error, KnowledgeFileError):
            raise
        raise KnowledgeFileError("不是可以读取的 PDF 文件") from error
    if pages > MAX_PAGES:
        raise KnowledgeFileError(f"文件太大：共 {pages} 页，一次最多导入 {MAX_PAGES} 页，请分成几个文件")
    return rows_of(guess_headings(_pdf_lines(reader)), name, {"title": title or name})


def _pdf_lines(reader: pypdf.PdfReader) -> Iterator[Line]:
    deadline = time.monotonic() + MAX_SECONDS
    for number, page in enumerate(reader.pages, 1):
        if time.monotonic() > deadline:
            raise KnowledgeFileError(f"文件太复杂：{MAX_SECONDS:.0f} 秒内没有读完，请分成几个文件")
        try:
            text = page.extract_text()
        except (PyPdfError, ValueError, KeyError, TypeError, RecursionError, AttributeError, IndexError) as error:
            raise KnowledgeFileError(f"第 {number} 页无法读取") from error
        for line in text.splitlines():
            if line.strip():
                yield Line(number, line.strip())
