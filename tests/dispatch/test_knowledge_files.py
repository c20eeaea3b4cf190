"""Files of every format: split at their headings, imported again without doubling, bad ones refused in bounded time."""

from __future__ import annotations

import io
import json
import time
import zipfile
from datetime import date, datetime, timezone
from typing import Any

import docx
import pytest
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from sqlalchemy import select

from dispatch.core.database import Base, Database
from dispatch.knowledge import office_files, rows, service
from dispatch.knowledge.importing import MAX_FILE
from dispatch.knowledge.models import KnowledgeEntry
from dispatch.knowledge.plain import plain_text
from dispatch.knowledge.rows import KnowledgeFileError

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=timezone.utc)
MARKDOWN = """---
title: 养犬登记办事指南
subject: 养犬
dept: 公安局
source: 北京市养犬管理规定
valid_to: 2027-12-31
---
发布于网站。

# 办理条件
有固定住所。

## 需要什么材料？
身份证、照片。

```
# 不是标题
```

# 收费
按规定收费，<script>alert(1)</script>以最新官方口径为准。

# 附则
"""


@pytest.fixture
def database(tmp_path: Any) -> Any:
    database = Database(f"sqlite:///{tmp_path / 'k.sqlite3'}")
    tables = [table for table in Base.metadata.sorted_tables if table.name.startswith(("knowledge_", "administration_"))]
    Base.metadata.create_all(database.engine, tables=tables)
    yield database
    database.dispose()


def entries(database: Database) -> dict[str, KnowledgeEntry]:
    with database.read() as session:
        return {entry.title: entry for entry in session.scalars(select(KnowledgeEntry).order_by(KnowledgeEntry.id))}


def word(*blocks: tuple[str, int], title: str = "") -> bytes:
    document = docx.Document()
    document.core_properties.title = title
    for text, level in blocks:
        if level:
            document.add_heading(text, level)
        else:
            document.add_paragraph(text)
    table = document.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "项目", "时限"
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def pdf(*pages: list[str]) -> bytes:
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    out = io.BytesIO()
    canvas = Canvas(out)
    for lines in pages:
        canvas.setFont("STSong-Light", 12)
        for number, line in enumerate(lines):
            canvas.drawString(60, 780 - 20 * number, line)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def test_markdown_is_split_at_its_headings_under_what_its_front_matter_says(database: Database) -> None:
    report = service.import_file(database, "养犬.md", MARKDOWN.encode(), NOW)
    assert (report.added, report.errors) == (4, ())
    found = entries(database)
    assert set(found) == {"养犬登记办事指南", "养犬登记办事指南 办理条件", "需要什么材料？", "养犬登记办事指南 收费"}
    papers = found["需要什么材料？"]
    assert papers.article == "办理条件 / 需要什么材料？"
    assert (papers.subject, papers.unit_name, papers.source) == ("养犬", "公安局", "北京市养犬管理规定")
    assert papers.valid_to == date(2027, 12, 31)
    assert "不是标题" in papers.answer
    assert found["养犬登记办事指南 收费"].answer == "按规定收费，以最新官方口径为准。"


def test_a_document_imported_again_updates_and_doubles_nothing(database: Database) -> None:
    service.import_file(database, "养犬.md", MARKDOWN.encode(), NOW)
    assert service.import_file(database, "养犬.md", MARKDOWN.encode(), NOW).unchanged == 4
    report = service.import_file(database, "养犬.md", MARKDOWN.replace("照片。", "照片、户口簿。").encode(), NOW)
    assert (report.added, report.updated, report.unchanged) == (0, 1, 3)
    assert len(entries(database)) == 4
    assert service.import_file(database, "另一份.md", MARKDOWN.encode(), NOW, dry_run=True).added == 4
    assert len(entries(database)) == 4, "a dry run writes nothing"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_markdown_and_json_lines_in_any_encoding(database: Database, encoding: str) -> None:
    lines = [
        {"id": "q1", "question": "养犬登记怎么办", "passage": "到派出所。", "dept": "公安局"},
        {"title": "公园怎样预约", "answer": "在公众号预约。", "variants": ["公园门票哪里约"], "valid_to": "2027-01-01"},
    ]
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    assert service.import_file(database, "k.jsonl", text.encode(encoding), NOW).added == 2
    assert service.import_file(database, "k.jsonl", text.encode(encoding), NOW).unchanged == 2
    assert (
        service.import_file(database, "k.md", ("\ufeff" + MARKDOWN if encoding == "gb18030" else MARKDOWN).encode(encoding), NOW).added == 4
    )
    assert entries(database)["公园怎样预约"].variants == ["公园门票哪里约"]


def test_broken_lines_are_named_and_good_ones_kept(database: Database) -> None:
    lines = [
        '{"id": "q1", "title": "好的", "answer": "答案"}',
        "{",
        "[]",
        "",
        '{"id": "q1", "title": "重复", "answer": "答案"}',
        '{"id": "q2", "title": "", "answer": "没有标题"}',
        '{"id": "q3", "title": "多余的字段", "answer": "答案", "colour": "red"}',
        '{"id": {"a": 1}, "title": "编号不对", "answer": "答案"}',
        '{"id": "q4", "title": "期限颠倒", "answer": "答案", "valid_from": "2027-01-01", "valid_to": "2026-01-01"}',
        '{"id": "q5", "title": "坏字符\ufffd", "answer": "答案"}',
        "[" * 5000,
    ]
    report = service.import_file(database, "k.jsonl", "\n".join(lines).encode(), NOW)
    assert report.added == 1
    assert [error.line for error in report.errors] == [2, 3, 5, 6, 7, 8, 9, 10, 11]
    assert "question" in report.errors[3].error
    assert "colour" in report.errors[4].error


def test_word_documents_by_heading_styles_or_numbered_headings(database: Database) -> None:
    styled = word(("居住证办理", 1), ("说明", 0), ("所需材料", 2), ("身份证。", 0), ("办理时限", 2), title="居住证指南")
    report = service.import_file(database, "居住证.docx", styled, NOW)
    assert report.added == 3
    found = entries(database)
    assert found["居住证指南 居住证办理 所需材料"].answer == "身份证。"
    assert found["居住证指南 居住证办理 办理时限"].answer == "项目 | 时限"
    numbered = word(("第一章 总则", 0), ("第一条 为了规范养犬，制定本规定。", 0), ("第二条 养犬应当登记。", 0), title="养犬规定")
    service.import_file(database, "规定.docx", numbered, NOW)
    rule = entries(database)["养犬规定 第一章 总则 第一条"]
    assert (rule.answer, rule.article, rule.source) == ("为了规范养犬，制定本规定。", "第一章 总则 / 第一条", "养犬规定")


def test_pdf_documents_by_numbered_headings(database: Database) -> None:
    data = pdf(["第一章 总则", "第一条 为了规范管理，制定本办法。"], ["接着上一页。", "第二条 本办法自发布之日起施行。"])
    assert service.import_file(database, "办法.pdf", data, NOW).added == 2
    assert service.import_file(database, "办法.pdf", data, NOW).unchanged == 2
    found = {entry.article: entry.answer for entry in entries(database).values()}
    assert found["第一章 总则 / 第一条"] == "为了规范管理，制定本办法。\n接着上一页。"


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        with package.open("word/document.xml", "w") as part:
            for _ in range(120):
                part.write(b" " * 1024 * 1024)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("x.docx", b"PK\x03\x04", "不是可以读取的 DOCX"),
        ("x.docx", b"<html>", "不是可以读取的 DOCX"),
        ("x.pdf", b"%PDF-1.4 broken", "不是可以读取的 PDF"),
        ("x.pdf", b"", "不是可以读取的 PDF"),
        ("x.md", b"---\n- a\n---\nx", "属性"),
        ("x.md", b"---\ntitle: [a\n---\nx", "YAML"),
        ("x.md", b"---\ncolour: red\n---\nx", "colour"),
        ("x.md", b"# only a heading", "没有可以导入的文字"),
        ("x.xlsx", b"PK", "不支持"),
        ("x.csv", b"a,b\n1,2\n", "缺少列"),
    ],
)
def test_files_that_can_t_be_read_are_refused(database: Database, name: str, data: bytes, said: str) -> None:
    with pytest.raises(KnowledgeFileError, match=said):
        service.import_file(database, name, data, NOW)


def test_a_zip_bomb_is_refused_at_once(database: Database) -> None:
    data = bomb()
    assert len(data) < 1024 * 1024
    start = time.monotonic()
    with pytest.raises(KnowledgeFileError, match="过大"):
        service.import_file(database, "x.docx", data, NOW)
    assert time.monotonic() - start < 1


def test_a_fifty_megabyte_document_is_refused_before_it_costs_much(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    line = "第一条 市民可以办理。".encode() + b"\n"
    start = time.monotonic()
    for name in ("x.md", "x.csv", "x.jsonl"):
        header = b"id,question,passage,dept\n" if name == "x.csv" else b""
        with pytest.raises(KnowledgeFileError) as refused:
            service.import_file(database, name, header + line * (50 * 1024 * 1024 // len(line)), NOW)
        assert "太大" in str(refused.value)
    with pytest.raises(KnowledgeFileError, match="64 MB"):
        service.import_file(database, "x.csv", b"x" * (MAX_FILE + 1), NOW)
    monkeypatch.setattr(office_files, "MAX_PAGES", 1)
    with pytest.raises(KnowledgeFileError, match="共 2 页"):
        service.import_file(database, "x.pdf", pdf(["一"], ["二"]), NOW)
    monkeypatch.setattr(office_files, "MAX_SECONDS", -1.0)
    with pytest.raises(KnowledgeFileError, match="没有读完"):
        service.import_file(database, "x.pdf", pdf(["一"]), NOW)
    monkeypatch.setattr(rows, "MAX_ROWS", 1)
    with pytest.raises(KnowledgeFileError, match="一次最多导入 1 条"):
        service.import_file(database, "x.csv", b"id,question,passage,dept\n1,a,b,c\n2,a,b,c\n", NOW)
    assert time.monotonic() - start < 20


def test_markup_hidden_many_times_over_costs_no_time() -> None:
    start = time.monotonic()
    assert "<" not in plain_text("&" + "amp;" * 10_000 + "lt;script>")
    assert time.monotonic() - start < 1
