"""PNGs with their pixels stored, by FFmpeg: it undoes their filters in half of OpenCV's time.

Only of the most common kinds; anything else, and whatever FFmpeg refuses, is OpenCV's.
"""

from typing import Any, List, Optional

import numpy as np

from edge.machine.ffmpeg import pyav
from edge.prepare.png import chunks

_FORMATS = {0: ("gray", 1), 2: ("rgb24", 3), 6: ("rgba", 4)}
"""FFmpeg's pixel format and its channels, by colour type, of 8 bits a sample."""

_IHDR_DEPTH, _IHDR_KIND = 24, 25
"""Where a PNG file says its bits of a sample and its colour type (PNG, third edition, 11.2.1)."""

_KNOWN = frozenset(b"IHDR gAMA cHRM sRGB iCCP pHYs eXIf tEXt zTXt iTXt tIME IEND".split())
"""What else a file may say (11.3): it changes no pixel, and OpenCV refuses no file for it."""


def pixels(parts: List[Any]) -> Optional[np.ndarray]:
    """Return a PNG's pixels as they are stored.

    Args:
        parts: of the file, as `png.stored` returns them. Emptied: FFmpeg has the only copy then.

    Returns:
        uint8[height, width, channels]: grey, RGB or RGBA. Rows may have bytes between them. None,
        and `parts` as they were or empty: of another kind, or PyAV is not installed or refused it.
    """
    head, av = parts[0], pyav()
    expected = _FORMATS.get(head[_IHDR_KIND]) if head[_IHDR_DEPTH] == 8 else None
    said = [name for name, _, _ in (*chunks(head), *chunks(parts[-1], 0))]
    if expected is None or av is None or not _KNOWN.issuperset(said):
        return None
    try:
        frames = _decoder(av).decode(_packet(av, parts))
    except av.FFmpegError:
        return None
    name, channels = expected
    if len(frames) != 1 or frames[0].format.name != name:  # another, where a colour is transparent
        return None
    plane = frames[0].planes[0]
    shape = (frames[0].height, frames[0].width, channels)
    return np.ndarray(shape, np.uint8, plane, strides=(plane.line_size, channels, 1))


def _decoder(av: Any) -> Any:
    decoder = av.CodecContext.create("png", "r")
    decoder.thread_count = 1  # pictures are prepared side by side already
    return decoder


def _packet(av: Any, parts: List[Any]) -> Any:
    packet, at = av.Packet(sum(map(len, parts))), 0
    with memoryview(packet) as view:
        for part in parts:
            view[at : at + len(part)] = part
            at += len(part)
    del parts[:]
    return packet
