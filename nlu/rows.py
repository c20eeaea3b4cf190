"""Rows of whole numbers that can be added quickly: each row is one Python integer, with 32 bits a column.

A model adds up some hundred rows for each message; added as integers, all columns of a row are added at once. (The safety readers
must run where numpy isn't installed.)
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from functools import lru_cache

_BITS = 32
_HALF = 1 << (_BITS - 1)


def pack(row: Iterable[int]) -> int:
    """Return ``row`` as one integer; sums of such integers are the sums of the rows while each stays within ±2³¹."""
    return sum(value << (_BITS * column) for column, value in enumerate(row))


def unpack(total: int, columns: int) -> list[int]:
    """Return the row of ``columns`` numbers that ``total`` is the sum of."""
    parts = struct.unpack(f"<{columns}I", (total + _halves(columns)).to_bytes(4 * columns, "little"))
    return [part - _HALF for part in parts]


@lru_cache(maxsize=32)
def _halves(columns: int) -> int:
    """Return what makes every column of a sum positive, so that none borrows from its neighbour."""
    return pack([_HALF] * columns)
