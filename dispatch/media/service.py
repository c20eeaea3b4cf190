"""Taking a file in, finding it again, linking to it.

    media = store(platform, data, owner=f"conversation:{conversation_id}", now=now, filename="IMG_1.jpg", claimed_type="image/jpeg")
    find(session, f"conversation:{conversation_id}")        # what was sent there
    link(platform, media, now=now)                           # "/media/<id>?t=..." for a quarter of an hour

An ``owner`` is ``conversation:<id>``, or one of an order's: ``resident:``, ``answer:`` or ``order:<number>`` (``dispatch.attachments``).
The text of a picture is read in the background and shows in ``media.text``.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from dispatch.core.crypto import FieldCipher
from dispatch.media import cleaning, repository, storage, types
from dispatch.media.errors import MediaError as MediaError
from dispatch.media.errors import TooManyError
from dispatch.media.fetching import fetch as fetch
from dispatch.media.links import find_links as find_links
from dispatch.media.links import keep_links as keep_links
from dispatch.media.links import links_of as links_of
from dispatch.media.models import MediaFile as MediaFile
from dispatch.media.words import words_of
from dispatch.outbox import service as outbox
from dispatch.platform import Platform
from nlu import contact as contact_reader

_log = structlog.get_logger(__name__)

MAX_FILES = 30
"""Of one owner."""
LINK_TIME = timedelta(minutes=15)
OCR = "ocr"
FETCH = "media-fetch"
REMOVE = "media-remove"
"""Kinds of the jobs (``bot.jobs``) that read a picture, fetch a file, and remove the bytes of one."""
_OWNER = re.compile(r"^(conversation|resident|answer|order):[\w-]{1,60}$")
_FOUND_AT_ONCE = 50


def store(
    platform: Platform,
    data: bytes | Path,
    *,
    owner: str,
    now: datetime,
    claimed_type: str | None = None,
    filename: str | None = None,
) -> MediaFile:
    """Check, clean and store a file, have a picture's text read in the background, and return its row.

    Call it outside any transaction: it decodes and writes before it opens its own. The same bytes of the same owner are stored once.

    Args:
        claimed_type: what the sender says it is; only noted in the log when it is wrong.

    Raises:
        MediaError: it is refused; the message says why.
    """
    if not _OWNER.match(owner):
        raise ValueError(f"owner must be conversation:<id> or resident:, answer: or order:<number>, not {owner.partition(':')[0]}:...")
    if isinstance(data, Path):
        if data.stat().st_size > types.LARGEST:
            types.check_size("video", data.stat().st_size)
        data = data.read_bytes()
    found = types.of(data)
    types.check_size(found.kind, len(data))
    digest = hashlib.sha256(data).hexdigest()
    with platform.database.read() as session:
        if existing := repository.by_digest(session, owner, digest):
            return existing
        _check_count(session, owner)
    if claimed_type and claimed_type.partition(";")[0].strip().lower() not in {found.content_type, "application/octet-stream"}:
        _log.info("media_claimed_another_type", claimed=claimed_type[:60], found=found.content_type)
    cleaned = cleaning.clean(data, found)
    media_id = uuid.uuid4().hex
    key = f"{media_id[:2]}/{media_id}{found.suffix}"
    thumbnail_key = f"{media_id[:2]}/{media_id}.small.webp" if cleaned.thumbnail else None
    storage.write(platform.settings, key, cleaned.data)
    if cleaned.thumbnail and thumbnail_key:
        storage.write(platform.settings, thumbnail_key, cleaned.thumbnail)
    media = MediaFile(
        id=media_id,
        owner=owner,
        digest=digest,
        kind=found.kind,
        content_type=found.content_type,
        size=len(cleaned.data),
        width=cleaned.width,
        height=cleaned.height,
        filename=_safe_name(filename),
        key=key,
        thumbnail_key=thumbnail_key,
        position=platform.cipher.encrypt(f"{cleaned.position[0]:.6f},{cleaned.position[1]:.6f}") if cleaned.position else None,
        created_at=now,
    )
    kept = _keep(platform, media, now)
    if kept.id != media_id:
        storage.delete(platform.settings, *(each for each in (key, thumbnail_key) if each))
    return kept


def _keep(platform: Platform, media: MediaFile, now: datetime) -> MediaFile:
    with platform.database.write() as session:
        _check_count(session, media.owner)
        try:
            with session.begin_nested():
                session.add(media)
        except IntegrityError:
            # Sent twice at the same moment.
            other = repository.by_digest(session, media.owner, media.digest)
            if other is None:
                raise
            return other
        if media.kind == "photo":
            outbox.put(session, kind=OCR, target="media", subject=media.id, payload={}, now=now, key=f"ocr:{media.id}")
        return media


def fetch_later(session: Session, url: str, *, owner: str, now: datetime, cipher: FieldCipher) -> None:
    """Have the file behind ``url`` fetched and stored for ``owner`` in the background, once."""
    key = hashlib.sha256(f"{owner} {url}".encode()).hexdigest()
    outbox.put(session, kind=FETCH, target="media", subject=owner[:64], payload={"url": cipher.encrypt(url)}, now=now, key=f"fetch:{key}")


def find(session: Session, owner: str) -> list[MediaFile]:
    """Return the files of ``owner``, oldest first."""
    return list(repository.of_owner(session, owner))


def get(session: Session, media_id: str) -> MediaFile | None:
    """Return one file, or None."""
    return repository.by_id(session, media_id)


def get_all(session: Session, media_ids: Collection[str]) -> list[MediaFile]:
    """Return the files with these ids, oldest first."""
    return list(repository.by_ids(session, media_ids)) if media_ids else []


def search(session: Session, text: str, *, limit: int = _FOUND_AT_ONCE) -> list[MediaFile]:
    """Return the newest pictures in which every word of ``text`` is written (a permit's number, a firm's name)."""
    words = words_of(text)
    return list(repository.with_words(session, words, limit)) if words else []


def position(media: MediaFile, cipher: FieldCipher) -> tuple[float, float] | None:
    """Return where a picture or video was taken (degrees, WGS 84): for those who handle the order, never for others."""
    value = cipher.decrypt(media.position)
    if value is None:
        return None
    latitude, longitude = value.split(",")
    return float(latitude), float(longitude)


def set_text(session: Session, media_id: str, text: str) -> MediaFile | None:
    """Note what is written in a picture, masked, and let it be found by its words."""
    media = repository.by_id(session, media_id)
    if media is not None:
        media.text = contact_reader.mask(text)
        repository.set_words(session, media_id, words_of(media.text))
    return media


def link(platform: Platform, media: MediaFile, *, now: datetime, ttl: timedelta = LINK_TIME, thumbnail: bool = False) -> str:
    """Return an address of a file that works for ``ttl``; of its small picture if ``thumbnail`` and there is one."""
    claim = [media.id, int((now + ttl).timestamp()), int(thumbnail and media.thumbnail_key is not None)]
    return f"/media/{media.id}?t={_signer(platform).dumps(claim)}"


def check_link(platform: Platform, media_id: str, token: str, *, now: datetime) -> bool | None:
    """Return whether a link is to the small picture; None if it is forged or has expired."""
    try:
        given_id, until, small = _signer(platform).loads(token)
    except (BadSignature, ValueError, TypeError):
        return None
    return bool(small) if given_id == media_id and now.timestamp() < until else None


def as_json(platform: Platform, media: MediaFile, *, now: datetime) -> dict[str, object]:
    """Return a file as pages and the API show it: links that expire, never its place."""
    return {
        "id": media.id,
        "kind": media.kind,
        "content_type": media.content_type,
        "size": media.size,
        "width": media.width,
        "height": media.height,
        "filename": media.filename,
        "text": media.text,
        "url": link(platform, media, now=now),
        "thumbnail_url": link(platform, media, now=now, thumbnail=True) if media.thumbnail_key else None,
        "created_at": media.created_at.isoformat(),
    }


def _signer(platform: Platform) -> URLSafeSerializer:
    return URLSafeSerializer(platform.keys.signing, salt="media-link")


def _check_count(session: Session, owner: str) -> None:
    if repository.count(session, owner) >= MAX_FILES:
        raise TooManyError(f"最多收 {MAX_FILES} 个文件，请挑最能说明问题的发")


def _safe_name(filename: str | None) -> str | None:
    if not filename:
        return None
    name = re.sub(r"[\x00-\x1f\x7f\\/:*?\"<>|\u202a-\u202e\u2066-\u2069]", "_", filename.replace("\\", "/").rsplit("/", 1)[-1])
    return contact_reader.mask(name)[:200] or None
