"""Entries are plain text: what comes in as HTML leaves its markup here, so that no page can ever run what an entry says."""

from __future__ import annotations

import html
import re

_SILENT = re.compile(r"<(script|style|iframe|object|svg|template|noscript)\b.*?(</\1\s*>|$)", re.IGNORECASE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?(-->|$)", re.DOTALL)
_LINE_END = re.compile(r"<\s*(br|/p|/div|/li|/tr|/h[1-6])\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(
    r"</?\s*(a|abbr|b|blockquote|body|br|button|code|div|em|embed|font|form|h[1-6]|head|hr|html|i|img|input|label|li|link|meta|ol|option|p|pre"
    r"|script|section|select|small|span|strike|strong|style|sub|sup|table|tbody|td|textarea|th|thead|tr|u|ul|video)\b[^<>]*/?>",
    re.IGNORECASE,
)
_PASSES = 8
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_BLANKS = re.compile(r"[ \t\u00a0\u3000]+")
_EMPTY_LINES = re.compile(r"\s*\n\s*")


def plain_text(text: str) -> str:
    """Return ``text`` without markup, scripts, entities and control characters.

    Angle brackets that are no known tag (血压<140, <办法>) are kept in full width, which no browser takes for markup.
    """
    for _ in range(_PASSES):  # an entity may hide a tag, and a tag removed may leave another
        cleaned = _cleaned(text)
        if cleaned == text:
            return text
        text = cleaned
    return _cleaned(text.replace("&", "＆"))  # whoever hides deeper means no good


def _cleaned(text: str) -> str:
    text = html.unescape(text)
    text = _COMMENT.sub("", _SILENT.sub("", text))
    text = _TAG.sub("", _LINE_END.sub("\n", text))
    text = text.replace("<", "＜").replace(">", "＞")
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _EMPTY_LINES.sub("\n", _BLANKS.sub(" ", text)).strip()
