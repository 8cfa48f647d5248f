"""Motion JPEG over HTTP: pictures one after the other, as most cameras and ESP32 boards send them.

Read without a video library: those decode half a picture without a word (OpenCV's FFmpeg), or
decode every picture where one in ten is due. And without a parser of multipart bodies that keeps to
the RFC, as aiohttp's does: of a boundary that differs by its dashes, of none, and of line ends
without CR it makes errors, and cameras send all three.
"""

import re
import time
from typing import Match, Optional, Pattern

import numpy as np

from edge.errors import PictureError, SourceError
from edge.prepare.decoder import decode
from edge.sources.camera.capture import Capture, Covering
from edge.sources.camera.http import Answer, cause, late

MULTIPART = "multipart/"
"""How its media types begin: x-mixed-replace, and what else cameras call it."""

MAX_BYTES = 32 * 1024 * 1024
"""One picture has at most so many bytes; what is longer is no picture."""

_MAX_HEADER_BYTES = 8192
_READ_BYTES = 65536

_HEADERS_END = re.compile(rb"\r?\n\r?\n")
"""RFC 2046, 5.1; some cameras leave out the CR."""


class MjpegCapture(Capture):
    """Reads the pictures of one answer."""

    def __init__(self, answer: Answer, timeout_seconds: float, covering: Covering) -> None:
        """Begin to read.

        Args:
            answer: an Answer whose kind begins with MULTIPART.
            timeout_seconds: how long a picture may take to arrive.
            covering: how small its pictures may be decoded.
        """
        self._body = answer.body
        # what it says and what it sends often differ by the dashes
        name = str(answer.headers.get_param("boundary") or "").strip("-").encode("latin-1")
        self._boundary = re.compile(b"-*" + re.escape(name) if name else rb"(?:^|\n)--[^\r\n]*")
        self._picture_end = re.compile(rb"\r?\n-*" + (re.escape(name) or rb"--"))
        self._timeout = timeout_seconds
        self._covering = covering
        self._deadline = 0.0
        self._buffer = bytearray()
        self._picture = b""

    def grab(self) -> None:
        self._deadline = time.monotonic() + self._timeout
        self._until(self._boundary, MAX_BYTES)
        header = self._until(_HEADERS_END, _MAX_HEADER_BYTES).partition(b"\n")[2]
        length = _length(header)
        if length is None:
            self._picture = self._until(self._picture_end, MAX_BYTES, keep=True)
        else:
            self._picture = self._take(length)

    def close(self) -> None:
        self._body.close()

    def _whole(self) -> np.ndarray:
        if not self._picture.startswith(b"\xff\xd8"):
            raise PictureError("it sends what is no JPEG")
        return decode(self._picture, covering=self._covering())

    def _until(self, mark: Pattern[bytes], most: int, keep: bool = False) -> bytes:
        """Return what comes before `mark`, and skip it, and the mark too unless `keep`."""
        start = 0
        while True:
            found: Optional[Match[bytes]] = mark.search(self._buffer, start)
            if found is not None and found.end() < len(self._buffer):  # it may go on
                before = bytes(self._buffer[: found.start()])
                del self._buffer[: found.start() if keep else found.end()]
                return before
            if len(self._buffer) > most:
                raise SourceError("it sends no pictures: {} bytes without an end".format(most))
            start = max(0, len(self._buffer) - _MAX_MARK)
            self._read()

    def _take(self, length: int) -> bytes:
        while len(self._buffer) < length:
            self._read()
        found = bytes(self._buffer[:length])
        del self._buffer[:length]
        return found

    def _read(self) -> None:
        if time.monotonic() > self._deadline:
            raise SourceError(late(self._timeout))
        try:
            data = self._body.read1(_READ_BYTES)
        except Exception as error:  # http.client raises more than OSError
            raise SourceError(cause(error, self._timeout))
        if not data:
            raise SourceError("the server ended the stream")
        self._buffer += data


_MAX_MARK = 200
"""No boundary is longer: it has at most 70 signs (RFC 2046, 5.1.1)."""


def _length(header: bytes) -> Optional[int]:
    """Return what a part's header says of its length in bytes, or None."""
    for line in header.split(b"\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            if int(value) > MAX_BYTES:
                raise SourceError("it announces a picture of {} bytes".format(int(value)))
            return int(value)
    return None
