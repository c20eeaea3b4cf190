"""An answer as it is shown: rich (headings, lists, tables, links by Markdown) but safe, or plain where only text goes."""

from __future__ import annotations

import re

import nh3
from markdown_it import MarkdownIt

_TAGS = {"a", "br", "code", "em", "h3", "h4", "h5", "hr", "li", "ol", "p", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"}
_SCHEMES = {"http", "https", "tel", "mailto"}
_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("table")
_HEADING = re.compile(r"<(/?)h[1-6]>")

_MARKS = (
    (re.compile(r"^#{1,6}\s+", re.MULTILINE), ""),
    (re.compile(r"^[-*+]\s+", re.MULTILINE), "· "),
    (re.compile(r"\*\*([^*\n]+)\*\*"), r"\1"),
    (re.compile(r"\[([^\]\n]+)\]\((https?://[^)\s]+)\)"), r"\1（\2）"),
)


def as_html(answer: str) -> str:
    """Return ``answer`` as HTML that can do nothing: no script, no style, no picture, links to the web, telephones and mail only."""
    html = _HEADING.sub(r"<\1h4>", _MARKDOWN.render(answer))
    return nh3.clean(html, tags=_TAGS, attributes={"a": {"href"}}, url_schemes=_SCHEMES, link_rel="noopener noreferrer")


def as_text(answer: str) -> str:
    """Return ``answer`` without marks of Markdown, for channels that show text as it is."""
    for mark, text in _MARKS:
        answer = mark.sub(text, answer)
    return answer
