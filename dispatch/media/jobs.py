"""What is done with media in the background: reading pictures, fetching files. Handlers of the outbox, wired in ``bot.jobs``."""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

import numpy as np

from dispatch.core.live import LiveEvent
from dispatch.media import fetching, service, storage
from dispatch.media.errors import FetchError, MediaError
from dispatch.outbox.delivering import Parcel as Parcel
from dispatch.outbox.delivering import Refused, RetryLater
from dispatch.platform import Platform

_MAX_CHARACTERS = 4000
_LONGEST_SIDE = 2000
_SURE = 0.5
_one_at_a_time = threading.Lock()


def read_picture(platform: Platform, parcel: Parcel) -> None:
    """Read the text in a picture, mask it, and add it to the facts of its conversation or order."""
    with platform.database.read() as session:
        media = service.get(session, parcel.subject)
    if media is None or media.text is not None:
        return
    try:
        data = storage.read(platform.settings, media.key)
    except storage.GoneError as error:
        raise Refused("文件不在了") from error
    text = text_in(data)
    with platform.database.write() as session:
        service.set_text(session, media.id, text)
    if text:
        kind, _, name = media.owner.partition(":")
        platform.live.publish(LiveEvent(f"{kind}:{name}", "media", {"id": media.id}))


def fetch_file(platform: Platform, parcel: Parcel) -> str | None:
    """Fetch a file that was named by its address, and store it."""
    url = platform.cipher.decrypt(str(parcel.payload["url"])) or ""
    try:
        data = fetching.fetch(platform, url)
        media = service.store(platform, data, owner=parcel.subject, now=platform.clock.now())
    except FetchError as error:
        raise RetryLater(None, str(error)) from error
    except MediaError as error:
        raise Refused(str(error)) from error
    return media.id


def remove_file(platform: Platform, parcel: Parcel) -> None:
    """Remove the bytes of a file whose row is gone."""
    storage.delete(platform.settings, *parcel.payload["keys"])


def text_in(data: bytes) -> str:
    """Return what is written in a picture, line by line. About a second a picture, one at a time."""
    import io

    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
        pixels = np.asarray(image.convert("RGB"))[:, :, ::-1]
    with _one_at_a_time:
        result = _reader()(pixels)
    lines = [text for text, score in zip(result.txts or (), result.scores or (), strict=True) if score >= _SURE]
    return "\n".join(lines)[:_MAX_CHARACTERS]


@cache
def _reader() -> Any:
    """The models (560 MB), loaded when the first picture comes."""
    from rapidocr import RapidOCR

    return RapidOCR(params={"Global.log_level": "error", "EngineConfig.onnxruntime.intra_op_num_threads": 1})
