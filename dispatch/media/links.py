"""Links in what residents write: evidence, kept as it was written and never opened by us."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from dispatch.core.crypto import FieldCipher
from dispatch.media import repository
from dispatch.media.models import MediaLink

MAX_LINKS = 20
_MAX_LENGTH = 2000
_URL = re.compile(r"https?://[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+", re.IGNORECASE)
_TRAILING = ".,;:!?)]'"
_VIDEO_SITES = ("bilibili.com", "b23.tv", "douyin.com", "kuaishou.com", "ixigua.com", "youku.com", "v.qq.com", "weixin.qq.com", "weibo.com",
                "weibo.cn", "xiaohongshu.com", "xhslink.com", "youtube.com", "youtu.be")  # fmt: skip
_VIDEO_SUFFIXES = (".mp4", ".mov", ".m4v", ".webm", ".3gp", ".flv", ".m3u8")
_PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".heic")


@dataclass(frozen=True, slots=True)
class Link:
    """A link in a text; ``kind`` is video, picture or page, as far as the address tells."""

    url: str
    host: str
    kind: str


def find_links(text: str) -> list[Link]:
    """Return the links in ``text``, each once, in their order, at most ``MAX_LINKS``."""
    found: dict[str, Link] = {}
    for match in _URL.finditer(text):
        url = match[0].rstrip(_TRAILING)[:_MAX_LENGTH]
        try:
            parts = urlsplit(url)
            host = (parts.hostname or "").lower()
        except ValueError:
            continue  # not an address after all
        if "." not in host or len(host) > 255:
            continue
        path = parts.path.lower()
        if path.endswith(_PICTURE_SUFFIXES):
            kind = "picture"
        elif path.endswith(_VIDEO_SUFFIXES) or any(host == site or host.endswith(f".{site}") for site in _VIDEO_SITES):
            kind = "video"
        else:
            kind = "page"
        found.setdefault(url, Link(url, host, kind))
    return list(found.values())[:MAX_LINKS]


def keep_links(session: Session, owner: str, text: str, *, now: datetime, cipher: FieldCipher) -> list[Link]:
    """Keep the links in ``text`` as evidence of ``owner``, each once, and return them."""
    found = find_links(text)
    for link in found:
        digest = hashlib.sha256(link.url.encode()).hexdigest()
        if repository.link_by_digest(session, owner, digest) is None:
            url = cipher.encrypt(link.url) or ""
            session.add(MediaLink(owner=owner, digest=digest, url=url, host=link.host, kind=link.kind, created_at=now))
    session.flush()
    return found


def links_of(session: Session, owners: Sequence[str], *, cipher: FieldCipher) -> list[Link]:
    """Return the links that were kept as evidence of ``owners``."""
    rows = [row for owner in owners for row in repository.links_of(session, owner)]
    return [Link(cipher.decrypt(row.url) or "", row.host, row.kind) for row in rows]
