"""What is stored of a file: proved to be what it is, without what it tells about its sender (Art. 29(4))."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from dispatch.media.errors import TooLargeError, WrongTypeError
from dispatch.media.types import MEGABYTE, FileType

MAX_PIXELS = 50_000_000
"""Of all frames together; a phone's picture has 12 to 50 million."""
_MAX_FRAMES = 300
_MAX_UNPACKED = 200 * MEGABYTE
_MAX_PARTS = 5_000
_THUMBNAIL = (480, 480)
_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP"}
_BOXES_WITH_BOXES = (b"moov", b"trak")
_BOXES_THAT_TELL = (b"udta", b"meta")
_BOX_DEPTH = 4
_MAX_BOXES = 2_000
_ISO_6709 = re.compile(rb"([+-]\d{2}(?:\.\d{1,8})?)([+-]\d{3}(?:\.\d{1,8})?)")

Position = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What is stored, and what was learned on the way: ``position`` is in degrees (WGS 84), as the device wrote it."""

    data: bytes
    width: int | None = None
    height: int | None = None
    thumbnail: bytes | None = None
    position: Position | None = None


def clean(data: bytes, found: FileType) -> Cleaned:
    """Return ``data`` as it may be stored.

    Raises:
        TooLargeError: it unpacks to more than is taken.
        WrongTypeError: it only begins like a file of its type.
    """
    if found.kind == "photo":
        return _picture(data, found)
    if found.content_type in {"video/mp4", "video/quicktime", "video/3gpp", "audio/mp4"}:
        return _film(data)
    if found.suffix == ".docx":
        _check_office(data)
    return Cleaned(data)


def _picture(data: bytes, found: FileType) -> Cleaned:
    wanted = _FORMATS[found.content_type]
    try:
        with Image.open(io.BytesIO(data), formats=[wanted]) as image:
            frames = _frames(image)
            position = _position(image)
            clean_data = _animation(image, wanted) if frames > 1 else _still(image, wanted)
        with Image.open(io.BytesIO(clean_data)) as shown:
            size = shown.size
            shown.thumbnail(_THUMBNAIL)
            small = io.BytesIO()
            shown.convert("RGB").save(small, "WEBP", quality=75)
    except TooLargeError:
        raise
    except Image.DecompressionBombError as error:
        raise TooLargeError("图片太大") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, struct.error, EOFError, IndexError, TypeError, KeyError) as error:
        raise WrongTypeError("图片打不开，可能已损坏，请重新拍一张或者另存后再发") from error
    return Cleaned(clean_data, *size, small.getvalue(), position)


def _frames(image: Image.Image) -> int:
    """Return how many frames a picture has, before any of them is unpacked."""
    frames = int(getattr(image, "n_frames", 1))
    if frames > _MAX_FRAMES or image.width * image.height * frames > MAX_PIXELS:
        raise TooLargeError(f"图片太大：所有画面合计不能超过 {MAX_PIXELS // 10_000} 万像素")
    return frames


def _still(image: Image.Image, wanted: str) -> bytes:
    """Return the picture drawn anew, upright: pixels only, and the colour profile."""
    profile = image.info.get("icc_profile")
    upright = ImageOps.exif_transpose(image)
    if wanted == "JPEG" and upright.mode not in {"RGB", "L"}:
        upright, profile = upright.convert("RGB"), None
    bare = Image.frombytes(upright.mode, upright.size, upright.tobytes())
    if upright.mode == "P" and (palette := upright.getpalette("RGBA")):
        bare.putpalette(palette, "RGBA")
    out = io.BytesIO()
    bare.save(out, wanted, **({"quality": 88} if wanted in {"JPEG", "WEBP"} else {}), **({"icc_profile": profile} if profile else {}))
    return out.getvalue()


def _animation(image: Image.Image, wanted: str) -> bytes:
    frames, durations = [], []
    for number in range(getattr(image, "n_frames", 1)):
        image.seek(number)
        durations.append(int(image.info.get("duration", 100) or 100))
        frame = image.convert("RGBA")
        frames.append(Image.frombytes("RGBA", frame.size, frame.tobytes()))
    out = io.BytesIO()
    kind = wanted if wanted in {"GIF", "WEBP", "PNG"} else "JPEG"
    if kind == "JPEG":  # a camera's multi-picture file: the first one is the picture
        frames[0].convert("RGB").save(out, "JPEG", quality=88)
    else:
        frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=durations, loop=0)
    return out.getvalue()


def _position(image: Image.Image) -> Position | None:
    """Return where a picture was taken, None where it doesn't say or says nonsense."""
    try:
        gps = image.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        values = []
        for reference, value, negative, most in (
            (ExifTags.GPS.GPSLatitudeRef, ExifTags.GPS.GPSLatitude, "S", 90),
            (ExifTags.GPS.GPSLongitudeRef, ExifTags.GPS.GPSLongitude, "W", 180),
        ):
            degrees, minutes, seconds = (float(part) for part in gps[value])
            number = degrees + minutes / 60 + seconds / 3600
            if not 0 <= number <= most:
                return None
            values.append(-number if str(gps.get(reference, "")).upper().startswith(negative) else number)
        return values[0], values[1]
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OSError, SyntaxError, struct.error):
        return None


def _film(data: bytes) -> Cleaned:
    """Blank the boxes that tell place, device and titles; everything else stays where its index says it is."""
    out = bytearray(data)
    position: Position | None = None
    seen = False
    for start, body, end, name in _boxes(data, 0, len(data), 0):
        seen = seen or name in {b"moov", b"mdat", b"moof"}
        if name in _BOXES_THAT_TELL:
            match = _ISO_6709.search(data, body, min(end, body + MEGABYTE))
            if match and position is None:
                place = float(match[1]), float(match[2])
                position = place if abs(place[0]) <= 90 and abs(place[1]) <= 180 else None
            out[start + 4 : start + 8] = b"free"
            out[body:end] = bytes(end - body)
    if not seen:
        raise WrongTypeError("视频或语音打不开，可能没有传完，请重新发送")
    return Cleaned(bytes(out), position=position)


def _boxes(data: bytes, start: int, end: int, depth: int) -> Iterator[tuple[int, int, int, bytes]]:
    """Yield the boxes between two offsets as (start, start of the body, end, name), those inside a film's index too."""
    count = 0
    while start + 8 <= end:
        size, name = struct.unpack_from(">I4s", data, start)
        body = start + 8
        if size == 1 and start + 16 <= end:
            (size,) = struct.unpack_from(">Q", data, body)
            body += 8
        stop = end if size == 0 else start + size
        count += 1
        if stop < body or stop > end or count > _MAX_BOXES:
            raise WrongTypeError("视频或语音打不开，可能没有传完，请重新发送")
        yield start, body, stop, name
        if name in _BOXES_WITH_BOXES and depth < _BOX_DEPTH:
            yield from _boxes(data, body, stop, depth + 1)
        start = stop


def _check_office(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise WrongTypeError("Word 文件打不开，可能已损坏") from error
    if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > _MAX_UNPACKED:
        raise TooLargeError("文件解压后太大")
    names = {part.filename for part in parts}
    if "[Content_Types].xml" not in names or "word/document.xml" not in names:
        raise WrongTypeError("压缩包不收；Word 文件请存为 docx")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise WrongTypeError("带宏的 Word 文件不收，请存为普通 docx")
