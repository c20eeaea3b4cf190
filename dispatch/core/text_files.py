"""Reading the text of files that offices send: UTF-8 with or without BOM, UTF-16, GB18030."""

from __future__ import annotations

_BROKEN = "\ufffd"
_FEW = 0.02


class UnreadableTextError(ValueError):
    """The bytes are text in no encoding that is expected; the message says where it fails."""


def decode(data: bytes) -> str:
    """Return the text of a file.

    A file that is nearly all UTF-8 is read as such, its broken characters left as U+FFFD for the row to be refused.

    Raises:
        UnreadableTextError: it is neither UTF-8, UTF-16 with a byte order mark, nor GB18030.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    text = data.decode("utf-8", errors="replace").removeprefix(_BOM)
    if text.count(_BROKEN) <= _FEW * text.count("\n"):
        return text
    try:
        return data.decode("gb18030").removeprefix(_BOM)
    except UnicodeDecodeError as error:
        if text.count(_BROKEN) < _FEW * len(text):
            return text
        raise UnreadableTextError(f"文件既不是 UTF-8 也不是 GB18030 编码（第 {error.start} 个字节处无法识别）") from error


_BOM = "\ufeff"
