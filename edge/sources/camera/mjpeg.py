"""Motion JPEG over HTTP: pictures one after the other, as most cameras and ESP32 boards send them.

Read without a video library: those decode half a picture without a word (OpenCV's FFmpeg), or
decode every picture where one in ten is due.
"""

import http.client
import time
import urllib.error
import urllib.request
from typing import Any, List, NamedTuple, Optional

import numpy as np

from edge.errors import PictureError, SourceError
from edge.masking import user_info
from edge.prepare.decoder import decode
from edge.sources.camera.capture import Capture

MULTIPART = "multipart/x-mixed-replace"
MAX_BYTES = 32 * 1024 * 1024
"""One picture has at most so many bytes; what is longer is no picture."""

_MAX_HEADER_BYTES = 8192
_READ_BYTES = 65536


class Answer(NamedTuple):
    """What a server sends.

    Attributes:
        body: a file, to be closed.
        kind: its media type.
        boundary: what stands between its parts, or None.
    """

    body: Any
    kind: str
    boundary: Optional[str]


def ask(url: str, timeout_seconds: float) -> Answer:
    """Return the Answer at `url`; a user and a password in it serve for Basic and Digest.

    Raises:
        SourceError: there is none; the text is the cause.
    """
    user, password, bare = user_info(url)
    handlers: List[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if user is not None:
        known = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        known.add_password(None, bare, user, password)
        handlers.append(urllib.request.HTTPDigestAuthHandler(known))
        handlers.append(urllib.request.HTTPBasicAuthHandler(known))
    try:
        body = urllib.request.build_opener(*handlers).open(bare, timeout=timeout_seconds)
    except urllib.error.HTTPError as error:
        if error.fp is not None:  # Digest given up, where Python 3.6 cannot close nothing
            error.close()
        phrase = http.client.responses.get(error.code, "")
        raise SourceError("the server answers {} {}".format(error.code, phrase).rstrip())
    except urllib.error.URLError as error:
        raise SourceError(_cause(error.reason, timeout_seconds))
    except Exception as error:  # http.client has many for an answer that is no HTTP
        raise SourceError(_cause(error, timeout_seconds))
    return Answer(body, body.headers.get_content_type(), body.headers.get_param("boundary"))


class MjpegCapture(Capture):
    """Reads the pictures of one answer."""

    def __init__(self, answer: Answer, timeout_seconds: float) -> None:
        """Begin to read.

        Args:
            answer: an Answer whose kind is MULTIPART.
            timeout_seconds: how long a picture may take to arrive.
        """
        self._body = answer.body
        self._delimiter = b"--" + (answer.boundary or "").lstrip("-").encode("latin-1")
        self._timeout = timeout_seconds
        self._deadline = 0.0
        self._buffer = bytearray()
        self._picture = b""

    def grab(self) -> None:
        self._deadline = time.monotonic() + self._timeout
        self._until(self._delimiter, MAX_BYTES)
        header = self._until(b"\n\r\n", _MAX_HEADER_BYTES).partition(b"\n")[2]
        length = _length(header)
        if length is None:
            self._picture = self._until(b"\r\n" + self._delimiter, MAX_BYTES, keep=True)
        else:
            self._picture = self._take(length)

    def retrieve(self) -> np.ndarray:
        if not self._picture.startswith(b"\xff\xd8"):
            raise SourceError("it sends what is no JPEG")
        try:
            return decode(self._picture)
        except PictureError as error:
            raise SourceError("it sends a broken picture: {}".format(error))

    def close(self) -> None:
        self._body.close()

    def _until(self, mark: bytes, most: int, keep: bool = False) -> bytes:
        """Return what comes before `mark`, and skip it, and the mark too unless `keep`."""
        start = 0
        while True:
            at = self._buffer.find(mark, start)
            if at >= 0:
                found = bytes(self._buffer[:at])
                del self._buffer[: at if keep else at + len(mark)]
                return found
            if len(self._buffer) > most:
                raise SourceError("it sends no pictures: {} bytes without an end".format(most))
            start = max(0, len(self._buffer) - len(mark) + 1)
            self._read()

    def _take(self, length: int) -> bytes:
        while len(self._buffer) < length:
            self._read()
        found = bytes(self._buffer[:length])
        del self._buffer[:length]
        return found

    def _read(self) -> None:
        if time.monotonic() > self._deadline:
            raise SourceError(_late(self._timeout))
        try:
            data = self._body.read1(_READ_BYTES)
        except Exception as error:  # http.client raises more than OSError
            raise SourceError(_cause(error, self._timeout))
        if not data:
            raise SourceError("the server ended the stream")
        self._buffer += data


def _length(header: bytes) -> Optional[int]:
    """Return what a part's header says of its length in bytes, or None."""
    for line in header.split(b"\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            if int(value) > MAX_BYTES:
                raise SourceError("it announces a picture of {} bytes".format(int(value)))
            return int(value)
    return None


def _cause(error: Any, timeout_seconds: float) -> str:
    if "timed out" in str(error):
        return _late(timeout_seconds)
    return getattr(error, "strerror", None) or "{}: {}".format(type(error).__name__, error)


def _late(timeout_seconds: float) -> str:
    return "no picture came for {:g} s".format(timeout_seconds)
