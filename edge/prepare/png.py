"""PNGs inflated by ISA-L, in half of the time that zlib takes, for others to decode.

They are given the same PNG, but with its pixels stored, not deflated (RFC 1951, 3.2.4). Where
anything about a file is out of the ordinary, OpenCV is given the file: it alone judges pictures.
"""

import struct
from typing import Any, Iterator, List, Optional, Tuple

import cv2
import numpy as np

isal_zlib: Any
try:
    from isal import isal_zlib
except ImportError:  # on Python 3.6, and on processors that it has no wheel for
    isal_zlib = None

MOST_BYTES = 64_000_000
"""Of a larger picture's pixels there is no second copy."""

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""By colour type (PNG, third edition, 11.2.1)."""

_LAST_FILTER = 4
"""Paeth: a row begins with its filter's type (9.2)."""

_BLOCK = 65535
"""The most bytes that one stored block takes."""

_HEADER = b"\x78\x01"
"""Of a zlib stream (RFC 1950): deflate, its window 32 KB, no dictionary."""


def chunks(data: bytes, at: int = 8) -> Iterator[Tuple[bytes, int, int]]:
    """Yield a PNG's chunks (5.3), as they say they are: the last is IEND, or what is cut short.

    Args:
        data: a file, or a part.
        at: where its first chunk begins.

    Yields:
        (name, where its content begins, how many bytes it has).
    """
    name = b""
    while name != b"IEND" and at + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        yield name, at + 8, length
        at += 12 + length


def raw_bytes(width: int, height: int, depth: int, kind: int) -> int:
    """Return how many bytes a PNG's pixels are once inflated, filter types included.

    Args:
        width, height: in pixels.
        depth: bits of a sample.
        kind: its colour type.
    """
    return height * (1 + -(-width * _CHANNELS.get(kind, 4) * depth // 8))


def stored(data: bytes) -> Optional[List[Any]]:
    """Return a PNG file with its pixels stored, in parts.

    Args:
        data: a file that begins as a PNG, with its IHDR.

    Returns:
        bytes and the like; the first is what comes before the pixels. None: it cannot be, or the
        file is damaged.
    """
    try:
        return _stored(data)
    finally:
        _leave_no_wide_registers()


def _stored(data: bytes) -> Optional[List[Any]]:
    width, height, depth, kind, *methods, check = struct.unpack_from(">IIBBBBBI", data, 16)
    size = raw_bytes(width, height, depth, kind)
    if isal_zlib is None or any(methods) or size > MOST_BYTES:  # one of them: interlaced
        return None
    if check != isal_zlib.crc32(data[12:29]):  # the IHDR's
        return None
    found = _deflated(data)
    if found is None:
        return None
    first, last, deflated = found
    inflater = isal_zlib.decompressobj()
    try:
        raw = inflater.decompress(deflated, size)
    except isal_zlib.error:
        return None
    if not inflater.eof or len(raw) != size or inflater.unused_data:
        return None
    if max(raw[:: size // height]) > _LAST_FILTER:
        return None
    return [data[:first], *_chunk(_blocks(raw, deflated[-4:])), data[last:]]


def _deflated(data: bytes) -> Optional[Tuple[int, int, bytes]]:
    """Return where the IDAT chunks begin and end, and what they hold; None: one is damaged."""
    view, first = memoryview(data), 0
    pieces: List[Any] = []
    for name, at, length in chunks(data):
        end = at + length
        if name == b"IDAT":
            if end + 4 > len(data) or struct.unpack_from(">I", data, end) != (
                isal_zlib.crc32(view[at - 4 : end]),
            ):
                return None
            first = first or at - 8
            pieces.append(view[at:end])
        elif pieces:
            return first, at - 8, b"".join(pieces)
    return None


def _chunk(parts: List[Any]) -> List[Any]:
    """Return an IDAT chunk that holds them, in parts (5.3)."""
    check = isal_zlib.crc32(b"IDAT")
    for part in parts:
        check = isal_zlib.crc32(part, check)
    length = sum(map(len, parts))
    return [struct.pack(">I4s", length, b"IDAT"), *parts, struct.pack(">I", check)]


def _blocks(raw: bytes, check: bytes) -> List[bytes]:
    """Return a zlib stream of stored blocks, in parts; `check` is its Adler-32."""
    parts: List[Any] = [_HEADER]
    for first in range(0, len(raw), _BLOCK):
        piece = memoryview(raw)[first : first + _BLOCK]
        is_last = first + _BLOCK >= len(raw)
        parts += [struct.pack("<BHH", is_last, len(piece), len(piece) ^ 0xFFFF), piece]
    return [*parts, check]


def _leave_no_wide_registers() -> None:
    """End ISA-L's use of AVX registers, which it leaves to whoever comes next.

    While their upper halves are in use, what is compiled for SSE, such as OpenCV's shrinking by
    area, can take twice its time (Intel 64 and IA-32 Architectures Optimization Reference Manual,
    "Mixing AVX Code with SSE Code"). OpenCV's own AVX code ends by VZEROUPPER.
    """
    cv2.cvtColor(np.zeros((1, 1, 3), np.uint8), cv2.COLOR_BGR2RGB)
