"""Video's pictures to RGB by libswscale: cut out and shrunk before their colours are converted."""

from typing import Any, Optional, Tuple

import numpy as np

from edge.errors import PictureError
from edge.prepare.preprocess import SIZE
from edge.sources.camera.view import Region


class Scaler:
    """Converts one camera's pictures; what cuts them is kept while their size and format stay."""

    def __init__(self, av: Any) -> None:
        """Do nothing yet.

        Args:
            av: the module.
        """
        self._av = av
        self._reformatter = av.video.reformatter.VideoReformatter()
        self._crop: Any = None
        self._crops: Tuple[Any, ...] = ()

    def rgb(self, frame: Any, region: Optional[Region] = None, shrinks: bool = True) -> np.ndarray:
        """Return a picture.

        Args:
            frame: PyAV's.
            region: all that is wanted of it, inside it; None: all of it.
            shrinks: whether it may be shrunk to a row, where it is larger.

        Returns:
            uint8[299, 299, 3] if it was shrunk, else uint8[height, width, 3]; RGB.

        Raises:
            PictureError: FFmpeg cannot convert it.
        """
        try:
            if region is None:
                return self._converted(frame, shrinks)
            outer = _even(region, frame.width, frame.height)
            inner = self._cut(frame, outer)
            if outer == region:
                return self._converted(inner, shrinks)
            x, y, width, height = region
            left, top = x - outer[0], y - outer[1]
            return self._converted(inner, False)[top : top + height, left : left + width]
        except self._av.error.FFmpegError as error:
            self._crops = ()
            raise PictureError(
                "FFmpeg cannot make RGB of {}: {}".format(frame.format.name, error.strerror)
            )

    def _converted(self, frame: Any, shrinks: bool) -> np.ndarray:
        kinds = self._av.video.reformatter.Interpolation
        size, how = (SIZE, SIZE), kinds.AREA
        if not shrinks or min(frame.width, frame.height) < SIZE:
            size, how = (frame.width, frame.height), _in_full(kinds)
        # one thread: there is one for each camera
        rgb = self._reformatter.reformat(frame, *size, "rgb24", interpolation=how, threads=1)
        return rgb.to_ndarray()

    def _cut(self, frame: Any, region: Region) -> Any:
        """Return a frame's region, for which FFmpeg copies nothing."""
        crops = (frame.width, frame.height, frame.format.name, region)
        if crops != self._crops:
            self._crop, self._crops = self._cropping(*crops), crops
        self._crop.push(frame)
        return self._crop.pull()

    def _cropping(self, width: int, height: int, name: str, region: Region) -> Any:
        x, y, columns, rows = region
        graph = self._av.filter.Graph()
        graph.threads = 1
        source = graph.add_buffer(width=width, height=height, format=name, time_base=1)
        crop = graph.add("crop", "{}:{}:{}:{}:exact=1".format(columns, rows, x, y))
        sink = graph.add("buffersink")
        source.link_to(crop)
        crop.link_to(sink)
        graph.configure()
        return graph


def _in_full(kinds: Any) -> Any:
    """Return how colours are converted where the size stays, of PyAV's Interpolation.

    By itself libswscale takes a short way there, in half the time, whose pictures are darker by 1.0
    to 1.5 of 255. PyAV can say otherwise from version 18 on, which needs Python 3.11.
    """
    if not hasattr(kinds, "ACCURATE_RND"):
        return kinds.BILINEAR
    return kinds.BILINEAR | kinds.ACCURATE_RND | kinds.FULL_CHR_H_INT


def _even(region: Region, width: int, height: int) -> Region:
    """Return the least region around one whose edges are even: there a pixel of colours begins."""
    x, y, columns, rows = region
    left, top, right, bottom = x - x % 2, y - y % 2, x + columns, y + rows
    right, bottom = min(width, right + right % 2), min(height, bottom + bottom % 2)
    return (left, top, right - left, bottom - top)
