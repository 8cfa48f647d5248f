"""Video through PyAV: it names what went wrong."""

import logging
import time
from collections import deque
from typing import Any, Deque, List, Optional

import numpy as np

from edge.errors import SourceError
from edge.sources.camera.address import trouble
from edge.sources.camera.capture import Capture
from edge.sources.camera.scaler import Scaler
from edge.sources.camera.view import Region, check_inside, cut

_RTSP = {"fpsprobesize": "0"}
"""FFmpeg's options: no reading ahead to find the rate."""

MOST_REORDERED = 32
"""A frame comes out at most so many packets after its own: H.264 holds 16 back."""

USUAL_FPS = 25
"""Of a raw video that does not say it."""


class AvCapture(Capture):
    """Reads one stream or file."""

    def __init__(
        self,
        av: Any,
        url: str,
        timeout_seconds: float,
        is_file: bool,
        transport: str,
    ) -> None:
        """Open it.

        Args:
            av: the module.
            url: what FFmpeg takes: an address or a path.
            timeout_seconds: how long opening, and a picture, may take.
            is_file: True if it has a beginning, and times to be kept to.
            transport: RTSP's: "tcp", or "udp", which loses parts of pictures.
        """
        self._av = av
        self._timeout = timeout_seconds
        self._scaler = Scaler(av)
        self.is_file = is_file
        self._frame: Any = None
        self._pending: List[Any] = []
        self._shown = 0
        self._spoilt: Deque[Any] = deque(maxlen=MOST_REORDERED)
        options = dict(_RTSP, rtsp_transport=transport) if url.startswith("rtsp") else {}
        av.logging.set_level(av.logging.ERROR)
        logging.getLogger("libav").setLevel(logging.CRITICAL)  # a cause is logged once, by us
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
        self._seconds = 1.0 / float(stream.average_rate or stream.guessed_rate or USUAL_FPS)
        stream.thread_count = 1  # more threads hold frames back, to decode them side by side
        self._packets = self._container.demux(stream)

    @property
    def position(self) -> Optional[float]:
        time = self._frame.time  # raw video has none
        return (self._shown - 1) * self._seconds if time is None else float(time)

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
            broken = self._decode(packet) or broken
        self._frame = self._pending.pop(0)
        self._shown += 1

    def retrieve(self, region: Optional[Region] = None) -> np.ndarray:
        """Return the picture grabbed last, or a region of it, shrunk to a row where it is large."""
        frame = self._frame
        # counterclockwise, as a phone has noted how it was held
        turn = int(round(getattr(frame, "rotation", 0) / 90.0)) % 4
        if region is not None and turn:  # of the picture as it is looked at
            whole = self._scaler.rgb(frame, shrinks=False)
            return np.ascontiguousarray(cut(np.rot90(whole, turn), region))
        if region is not None:
            check_inside(region, frame.width, frame.height)
        return np.ascontiguousarray(np.rot90(self._scaler.rgb(frame, region), turn))

    def close(self) -> None:
        self._container.close()

    def _decode(self, packet: Any) -> Optional[str]:
        """Have what is whole of the frames that a packet gives; return what is wrong, or None."""
        with self._av.logging.Capture() as said:
            try:
                frames = list(packet.decode())
            except self._av.error.EOFError:
                raise EOFError
            except self._av.error.FFmpegError as error:
                self.damaged += self._shown > 0  # a stream that one joins begins in the middle
                return "its video cannot be decoded: {}".format(error.strerror)
        spoilt = packet.is_corrupt or any(
            level <= self._av.logging.ERROR for level, _, _ in said
        )  # FFmpeg makes up what is missing
        if spoilt and packet.pts is not None:
            self._spoilt.append(packet.pts)
        whole = [one for one in frames if not self._is_spoilt(one, spoilt)]
        self._pending += whole
        if len(whole) == len(frames):
            return None
        self.damaged += len(frames) - len(whole)
        return "its video is damaged"

    def _is_spoilt(self, frame: Any, packet_is: bool) -> bool:
        """Return True if a frame is damaged, being that of a packet by its time.

        Args:
            frame: PyAV's.
            packet_is: whether the last packet is, whose frame it is where there are no times.
        """
        known = packet_is if frame.pts is None else frame.pts in self._spoilt
        return bool(frame.is_corrupt or known)

    def _cause(self, error: Any) -> str:
        if isinstance(error, self._av.error.ExitError):
            return self._late()
        return error.strerror

    def _late(self) -> str:
        return "no picture came for {:g} s".format(self._timeout)
