"""From the thread that reads a camera to the one that passes its pictures on: one at a time."""

import threading
from typing import NamedTuple, Optional

import numpy as np


class CapturedImage(NamedTuple):
    """A picture from a camera.

    Attributes:
        image: uint8[height, width, 3], RGB.
        number: counts up from 1.
        captured_at: when it was taken, in seconds since 1970 (UTC).
        arrived: the same moment in monotonic seconds.
    """

    image: np.ndarray
    number: int
    captured_at: float
    arrived: float


class Handoff:
    """Holds an image until it is taken, and is not free before that one is no longer needed.

    So at most one picture of a camera is in flight. One thread puts, another takes, any clears.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._image: Optional[CapturedImage] = None
        self._free = True

    @property
    def free(self) -> bool:
        """True if nothing is in flight."""
        with self._changed:
            return self._free

    def put(self, image: CapturedImage) -> None:
        """Put an image in; only while `free`."""
        with self._changed:
            self._image, self._free = image, False
            self._changed.notify_all()

    def take(self, timeout: float) -> Optional[CapturedImage]:
        """Return the image that was put in, or None if there is none within `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._image is not None, timeout)
            image, self._image = self._image, None
            return image

    def clear(self) -> None:
        """Say that the image taken last is no longer needed."""
        with self._changed:
            self._free = True
            self._changed.notify_all()

    def close(self, timeout: float) -> None:
        """Drop an image that nobody took; wait at most `timeout` seconds for one in flight."""
        with self._changed:
            if self._image is not None:
                self._image, self._free = None, True
            self._changed.wait_for(lambda: self._free, timeout)
