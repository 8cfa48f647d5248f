"""What reads a camera, a stream or a video file."""

from typing import Callable, Optional

import numpy as np

from edge.sources.camera.view import Region, cut

Covering = Callable[[], Optional[int]]
"""Says at present what `edge.prepare.decoder.decode` is to be told of a camera's JPEGs."""


def in_full() -> None:
    """Have JPEGs decoded in full: a Covering."""


class Capture:
    """One opened camera, for one thread; each call is bounded by the timeout it was opened with.

    (But for V4L2 and GStreamer, whose calls nothing can interrupt.)

    Attributes:
        is_file: whether it has a beginning and an end, and times to be kept to.
        is_due: whether the last `grab` got a picture, and did not only wait for its time.
        is_new: whether that picture may differ from the one before.
        damaged: how many pictures were left out so far, because the stream is damaged there.
    """

    is_file = False
    is_due = True
    is_new = True
    damaged = 0

    @property
    def position(self) -> Optional[float]:
        """The time of the picture grabbed last, in seconds from the beginning; None: unknown."""
        return None

    def grab(self) -> None:
        """Go on to the next picture, without decoding it where that can be put off.

        Raises:
            EOFError: the stream has come to its end.
            SourceError: it failed.
        """
        raise NotImplementedError

    def retrieve(self, region: Optional[Region] = None) -> np.ndarray:
        """Return the picture grabbed last, or a region of it: uint8[height, width, 3], RGB.

        Raises:
            PictureError: it cannot be decoded; the next one may be good.
            SourceError: it failed, or the region is not all inside the picture.
        """
        return cut(self._whole(), region)

    def close(self) -> None:
        """Let go of the camera."""
        raise NotImplementedError

    def _whole(self) -> np.ndarray:
        """Return all of the picture grabbed last; raises what `retrieve` does."""
        raise NotImplementedError
