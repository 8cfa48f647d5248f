"""Video through PyAV: it names what went wrong."""

import time
from typing import Any, List, Optional

import numpy as np

from edge.errors import SourceError
from edge.sources.camera.address import trouble
from edge.sources.camera.capture import Capture

_RTSP = {"rtsp_transport": "tcp", "fpsprobesize": "0"}
"""FFmpeg's options: no UDP, which loses parts of pictures; no reading ahead to find the rate."""


class AvCapture(Capture):
    """Reads one stream or file."""

    def __init__(self, av: Any, url: str, timeout_seconds: float, is_file: bool) -> None:
        """Open it.

        Args:
            av: the module.
            url: what FFmpeg takes: an address or a path.
            timeout_seconds: how long opening, and a picture, may take.
            is_file: True if it has a beginning, and times to be kept to.
        """
        self._av = av
        self._timeout = timeout_seconds
        self.is_file = is_file
        self._frame: Any = None
        self._pending: List[Any] = []
        options = dict(_RTSP) if url.startswith("rtsp") else {}
        av.logging.set_level(av.logging.PANIC)  # a cause is logged once, by us
        try:
            self._container = av.open(
                url, timeout=(timeout_seconds, timeout_seconds), options=options
            )
        except av.error.FFmpegError as error:
            raise SourceError(trouble(url, timeout_seconds) or self._cause(error))
        try:
            stream = self._container.streams.video[0]
        except IndexError:
            self.close()
            raise SourceError("there is no video in it")
        stream.thread_count = 1  # more threads hold frames back, to decode them side by side
        self._packets = self._container.demux(stream)

    @property
    def position(self) -> Optional[float]:
        return self._frame.time

    def grab(self) -> None:
        deadline = time.monotonic() + self._timeout
        broken = None
        while not self._pending:
            if time.monotonic() > deadline:
                raise SourceError(broken or self._late())
            try:
                packet = next(self._packets)
            except StopIteration:
                raise EOFError
            except self._av.error.EOFError:
                raise EOFError
            except self._av.error.FFmpegError as error:
                raise SourceError(self._cause(error))
            try:
                self._pending = list(packet.decode())
            except self._av.error.EOFError:
                raise EOFError
            except self._av.error.FFmpegError as error:
                broken = "its video cannot be decoded: {}".format(error.strerror)
        self._frame = self._pending.pop(0)

    def retrieve(self) -> np.ndarray:
        return self._frame.to_ndarray(format="rgb24")

    def close(self) -> None:
        self._container.close()

    def _cause(self, error: Any) -> str:
        if isinstance(error, self._av.error.ExitError):
            return self._late()
        return error.strerror

    def _late(self) -> str:
        return "no picture came for {:g} s".format(self._timeout)
