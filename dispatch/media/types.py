"""What a file is, by its first bytes; what its sender or its name says doesn't count.

The signatures are our own: general libraries take AMR voice for unknown and 3GP video for MP4, and take many types that we don't.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dispatch.media.errors import TooLargeError, WrongTypeError

Kind = Literal["photo", "video", "voice", "document"]

MEGABYTE = 1024 * 1024
LIMITS: dict[Kind, int] = {"photo": 20 * MEGABYTE, "video": 50 * MEGABYTE, "voice": 20 * MEGABYTE, "document": 20 * MEGABYTE}
"""The most bytes of one file."""
LARGEST = max(LIMITS.values())
_NAMES: dict[Kind, str] = {"photo": "图片", "video": "视频", "voice": "语音", "document": "文件"}


@dataclass(frozen=True, slots=True)
class FileType:
    """A type of file that is taken."""

    kind: Kind
    content_type: str
    suffix: str


_JPEG = FileType("photo", "image/jpeg", ".jpg")
_PNG = FileType("photo", "image/png", ".png")
_GIF = FileType("photo", "image/gif", ".gif")
_WEBP = FileType("photo", "image/webp", ".webp")
_MP4 = FileType("video", "video/mp4", ".mp4")
_MOV = FileType("video", "video/quicktime", ".mov")
_3GP = FileType("video", "video/3gpp", ".3gp")
_M4A = FileType("voice", "audio/mp4", ".m4a")
_OGG = FileType("voice", "audio/ogg", ".ogg")
_MP3 = FileType("voice", "audio/mpeg", ".mp3")
_AMR = FileType("voice", "audio/amr", ".amr")
_WAV = FileType("voice", "audio/wav", ".wav")
_PDF = FileType("document", "application/pdf", ".pdf")
_DOCX = FileType("document", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx")

_PREFIXES = (
    (b"\xff\xd8\xff", _JPEG),
    (b"\x89PNG\r\n\x1a\n", _PNG),
    (b"GIF87a", _GIF),
    (b"GIF89a", _GIF),
    (b"OggS", _OGG),
    (b"#!AMR", _AMR),
    (b"ID3", _MP3),
    (b"%PDF-", _PDF),
    (b"PK\x03\x04", _DOCX),  # whether it really is one, ``checks.office`` finds out
)
_RIFF = {b"WEBP": _WEBP, b"WAVE": _WAV}
_PICTURE_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif")
_BRANDS = {b"qt  ": _MOV, b"M4A ": _M4A, b"M4B ": _M4A}


def of(data: bytes) -> FileType:
    """Return the type of ``data``.

    Raises:
        WrongTypeError: it isn't one of those taken.
    """
    for prefix, found in _PREFIXES:
        if data.startswith(prefix):
            return found
    if data[:4] == b"RIFF" and data[8:12] in _RIFF:
        return _RIFF[data[8:12]]
    if data[4:8] == b"ftyp":
        brand = data[8:12]
        if brand in _PICTURE_BRANDS:
            raise WrongTypeError("这种图片格式（HEIC/AVIF）暂不支持，请另存为 JPEG 再发")
        return _3GP if brand.startswith(b"3g") else _BRANDS.get(brand, _MP4)
    if len(data) > 1 and data[0] == 0xFF and data[1] & 0xE6 == 0xE2:  # an MPEG frame of layer III
        return _MP3
    raise WrongTypeError(
        "只收图片（JPEG、PNG、WebP、GIF）、视频（MP4、MOV、3GP）、语音（OGG、MP3、M4A、AMR、WAV）、PDF 和 Word（docx）文件"
    )


def check_size(kind: Kind, size: int) -> None:
    """Refuse what is larger than its kind may be, or empty.

    Raises:
        TooLargeError, WrongTypeError
    """
    if size == 0:
        raise WrongTypeError("文件是空的")
    if size > LIMITS[kind]:
        raise TooLargeError(f"{_NAMES[kind]}不能超过 {LIMITS[kind] // MEGABYTE} MB")
