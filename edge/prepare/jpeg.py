"""A JPEG file's segments (ITU-T T.81, annex B): its size, which way up, whether all is there."""

import re
import struct
from typing import Dict, List, NamedTuple, Optional

from edge.errors import PictureError
from edge.prepare import exif
from edge.prepare.header import Header

_MARKER = re.compile(b"\xff[^\x00\xff]")
_MARKER_IN_SCAN = re.compile(b"\xff[^\x00\xff\xd0-\xd7]")
"""In a scan FF 00 stands for a sample's FF, and D0 to D7 are places to begin anew (B.1.1.5)."""

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = (0xC2, 0xC6, 0xCA, 0xCE)
_SCAN, _END, _EXIF, _BEGIN = 0xDA, 0xD9, 0xE1, 0xD8
_ALONE = frozenset([0x01, *range(0xD0, 0xD8)])
"""Markers that nothing follows."""

_LAST = 63
"""The last coefficient of a block of 8 by 8."""


class _Frame(NamedTuple):
    """What a frame header says (B.2.2)."""

    width: int
    height: int
    components: Dict[int, float]
    """{component: its samples for each pixel}."""
    progressive: bool


def read(data: bytes) -> Header:
    """Return the Header of a JPEG file.

    Raises:
        PictureError: it is cut short, or lacks a part.
    """
    orientation, frame, at = 1, None, 2
    scans = _Scans()
    while True:
        found = _MARKER.search(data, at)
        marker, at = (found.group()[1], found.end()) if found else (None, len(data))
        if marker == _END:
            break
        if marker in _ALONE:
            continue
        if marker == _BEGIN:
            raise PictureError("the JPEG is damaged: another one begins in the middle of it")
        if at + 2 > len(data):
            raise PictureError("the JPEG is cut short: its end-of-image marker is missing")
        length = struct.unpack_from(">H", data, at)[0]
        body = data[at + 2 : at + length]
        if marker in _FRAMES and frame is None:
            frame = _frame(marker, body)
        elif marker == _EXIF and body.startswith(b"Exif\0\0"):
            orientation = exif.orientation(body[6:])
        at += length
        if marker == _SCAN:
            scans.add(body)
            end = _MARKER_IN_SCAN.search(data, at)
            at = len(data) if end is None else end.start()
    if frame is None:
        raise PictureError("the JPEG is damaged: it does not say its size")
    missing = scans.missing(frame)
    if missing is not None:
        raise PictureError("the JPEG is damaged: {}".format(missing))
    # a progressive one is held whole as coefficients of two bytes, besides its pixels
    samples, is_print = sum(frame.components.values()), len(frame.components) == 4
    return Header(
        "JPEG",
        frame.width,
        frame.height,
        2 * samples if frame.progressive else 1 if is_print else 0,
        orientation,
        is_print=is_print,
    )


def _frame(marker: int, body: bytes) -> _Frame:
    try:
        height, width, count = struct.unpack_from(">HHB", body, 1)
        parts = [struct.unpack_from("BB", body, 6 + 3 * number) for number in range(count)]
    except struct.error:
        raise PictureError("the JPEG is damaged: its frame header is cut short")
    areas = {name: float((factors >> 4) * (factors & 15)) for name, factors in parts}
    most = max(areas.values(), default=0.0)
    if not (width and height and most):
        raise PictureError("the JPEG is damaged: it says its size is {}x{}".format(width, height))
    components = {name: area / most for name, area in areas.items()}
    return _Frame(width, height, components, marker in _PROGRESSIVE)


class _Scans:
    """Which coefficients of which components have come, and how exactly (G.1.1.1)."""

    def __init__(self) -> None:
        self._left: Dict[int, List[int]] = {}

    def add(self, body: bytes) -> None:
        """Note the scan with a header's bytes (B.2.3)."""
        count = body[0] if body else 0
        if len(body) < 4 + 2 * count:
            return  # the decoder refuses it
        first, last, bits = body[1 + 2 * count : 4 + 2 * count]
        for component in body[1 : 1 + 2 * count : 2]:
            left = self._left.setdefault(component, [16] * (_LAST + 1))
            for number in range(first, min(last, _LAST) + 1):
                left[number] = bits & 15

    def missing(self, frame: _Frame) -> Optional[str]:
        """Return what has not come, as text; None: nothing."""
        without = [name for name in frame.components if name not in self._left]
        if without:
            return "{} of its {} components have no scan".format(
                len(without), len(frame.components)
            )
        if frame.progressive and any(any(self._left[name]) for name in frame.components):
            return "scans are missing, so that it would be coarser than it was"
        return None
