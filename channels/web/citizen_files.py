"""Files that a resident adds on the page of an order: as many, as large and of the types that the chat takes, kept by the same service."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import UploadFile

from channels.web import citizen_words as words
from dispatch.attachments.service import Whose, owner
from dispatch.media import service as media
from dispatch.media import types
from dispatch.media.service import MediaError, MediaFile
from dispatch.platform import Platform

MOST = 10
"""Files at once; a chat message takes as many."""
_HEAD = 64


class NotTakenError(Exception):
    """A file wasn't taken; the text tells its sender which, and why."""


def chosen(files: Sequence[UploadFile]) -> list[UploadFile]:
    """Return the files that were really chosen: browsers send an empty one where none was."""
    return [each for each in files if each.filename or each.size]


def keep(platform: Platform, number: str, files: Sequence[UploadFile]) -> list[MediaFile]:
    """Store ``files`` for order ``number`` and return them; the same file sent again is stored once.

    Raises:
        NotTakenError: one of them is refused. Type, size and number are looked at first, so that mostly nothing was stored then.
    """
    if len(files) > MOST:
        raise NotTakenError(words.TOO_MANY_FILES)
    for each in files:
        _look(each)
    return [_store(platform, number, each) for each in files]


def _look(file: UploadFile) -> None:
    head = file.file.read(_HEAD)
    file.file.seek(0)
    try:
        types.check_size(types.of(head).kind if head else "photo", file.size or 0)
    except MediaError as error:
        raise _refused(file, error) from error


def _store(platform: Platform, number: str, file: UploadFile) -> MediaFile:
    keeper, now = owner(Whose.RESIDENT, number), platform.clock.now()
    try:
        return media.store(platform, file.file.read(), owner=keeper, now=now, claimed_type=file.content_type, filename=file.filename)
    except MediaError as error:
        raise _refused(file, error) from error


def _refused(file: UploadFile, error: MediaError) -> NotTakenError:
    return NotTakenError(words.FILE_REFUSED.format(name=(file.filename or words.FILE_NAMES["document"])[:60], why=error))
