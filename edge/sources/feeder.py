"""A source's own loop: frames from the source to where the decoders find them."""

import queue
import threading
from typing import Optional

from edge.frame import Frame
from edge.sources.source import Source
from edge.worker import STEP_SECONDS


class Feeder:
    """Takes frames from a source and puts them where the decoders find them."""

    def __init__(self, source: Source, frames: "queue.Queue[Frame]") -> None:
        """Begin with nothing taken; `frames`: the queue that all sources fill."""
        self.name = source.name
        self._out = frames
        self._stop = threading.Event()
        self._in = source.frames(self._stop)
        self._held: Optional[Frame] = None
        self._ended = False

    def stop(self) -> None:
        """Have the source come to its end."""
        self._stop.set()

    def step(self) -> bool:
        """Pass one frame on; False if there is nothing to do.

        After `stop` there is, until the source has come to its end and put away what it holds.
        """
        if self._held is None:
            self._held = self._next()
        if self._held is None:
            return self._stop.is_set() and not self._ended
        try:
            self._out.put(self._held, timeout=STEP_SECONDS)
        except queue.Full:
            return True
        self._held = None
        return True

    def _next(self) -> Optional[Frame]:
        try:
            return next(self._in)
        except StopIteration:
            self._ended = True
            self._stop.wait(STEP_SECONDS)
            return None
