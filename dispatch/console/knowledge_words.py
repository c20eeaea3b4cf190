"""Words of the knowledge pages, and how two texts differ."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

STATES = {
    "draft": "草稿",
    "in_review": "待审核",
    "published": "已发布",
    "withdrawn": "已撤下",
    "expired": "已过期",
    "superseded": "已被更新",
    "rejected": "已退回",
}
FIELD_NAMES = {
    "title": "标题（标准问法）",
    "variants": "其他问法",
    "answer": "答复",
    "subject": "主题",
    "source": "来源文件",
    "article": "条款",
    "unit_code": "责任单位",
    "region": "适用区域",
    "valid_from": "有效期起",
    "valid_to": "有效期止",
}

_PIECE = re.compile(r"[^，。；：！？\n]*[，。；：！？\n]?")


def marked(before: str, after: str) -> list[tuple[str, str]]:
    """Return the pieces of both texts in order, each with ``same``, ``del`` or ``ins``; clauses are compared, not characters."""
    old, new = ([piece for piece in _PIECE.findall(text) if piece] for text in (before, after))
    found: list[tuple[str, str]] = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(("same", "".join(old[a:b])))
            continue
        if b > a:
            found.append(("del", "".join(old[a:b])))
        if d > c:
            found.append(("ins", "".join(new[c:d])))
    return found
