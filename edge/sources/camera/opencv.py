"""Video through OpenCV: V4L2 and GStreamer, and all video where PyAV is not installed.

OpenCV says no more than that it did not work, so that the causes here are what can be found out
beside it. From OpenCV 4.2 on calls on a network stream are bounded by it; in 4.1 by FFmpeg's own
option for RTSP. Those on V4L2 (10 s inside OpenCV) and on a GStreamer pipeline are not ours to
bound.
"""

import os
import re
from typing import List, Optional, Union

import cv2
import numpy as np

from edge.errors import PictureError, SourceError
from edge.sources.camera.address import trouble
from edge.sources.camera.capture import Capture

_FFMPEG_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
"""OpenCV reads this at each opening, and takes FFmpeg's options in no other way."""


class CvCapture(Capture):
    """Reads one camera, stream or file."""

    def __init__(
        self,
        url: str,
        backend: int,
        timeout_seconds: float,
        is_file: bool,
        transport: str = "tcp",
    ) -> None:
        """Open it.

        Args:
            url: an address, a path, a device or a pipeline.
            backend: OpenCV's number for what is to read it: `cv2.CAP_…`.
            timeout_seconds: how long opening, and a picture, may take.
            is_file: True if it has a beginning, and times to be kept to.
            transport: RTSP's: "tcp" or "udp".
        """
        self._url = url
        self._timeout = timeout_seconds
        self.is_file = is_file
        self._video = _open(url, backend, timeout_seconds, transport)
        if not self._video.isOpened():
            self.close()
            raise SourceError(trouble(url, timeout_seconds) or _hint(url, backend))

    @property
    def position(self) -> Optional[float]:
        return self._video.get(cv2.CAP_PROP_POS_MSEC) / 1000

    def grab(self) -> None:
        if not self._video.grab():
            if self.is_file:
                raise EOFError
            cause = trouble(self._url, self._timeout)
            raise SourceError(
                cause or "no more pictures came (within {:g} s)".format(self._timeout)
            )

    def close(self) -> None:
        self._video.release()

    def _whole(self) -> np.ndarray:
        taken, image = self._video.retrieve()
        if not taken or image is None:
            raise PictureError("OpenCV cannot decode it")
        code = cv2.COLOR_GRAY2RGB if image.ndim == 2 else cv2.COLOR_BGR2RGB
        return cv2.cvtColor(image, code)


def _open(url: str, backend: int, timeout_seconds: float, transport: str) -> cv2.VideoCapture:
    if backend != cv2.CAP_FFMPEG:
        return cv2.VideoCapture(_device(url), backend)
    milliseconds = int(timeout_seconds * 1000)
    options = "rtsp_transport;" + transport
    if hasattr(cv2, "CAP_PROP_OPEN_TIMEOUT_MSEC"):
        bounds = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, milliseconds]
        bounds += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, milliseconds]
        os.environ[_FFMPEG_OPTIONS] = options
        return cv2.VideoCapture(url, backend, bounds)
    os.environ[_FFMPEG_OPTIONS] = "{}|stimeout;{}".format(options, milliseconds * 1000)
    return cv2.VideoCapture(url, backend)


def _device(url: str) -> Union[int, str]:
    """Return a V4L2 device's number, for not every OpenCV opens it by its path."""
    number = re.match(r"/dev/video(\d+)$", os.path.realpath(url))
    return int(number.group(1)) if number else url


def _hint(url: str, backend: int) -> str:
    if backend == cv2.CAP_GSTREAMER:
        if not any("GStreamer" in line and "YES" in line for line in _build()):
            return "this OpenCV is built without GStreamer: pip's is; JetPack's has it"
        return "GStreamer cannot play it: try it with gst-launch-1.0"
    if backend == cv2.CAP_V4L2:
        if not os.path.exists(url):
            return "there is no such device: is the camera plugged in?"
        if not os.access(url, os.R_OK | os.W_OK):
            return "no right to use it: is the daemon's user in the group video?"
        return "it gives no video: is another program using it?"
    if "://" in url:
        return "the server answers, but OpenCV reads no video there: are path and password right?"
    return "OpenCV reads no video in it"


def _build() -> List[str]:
    return cv2.getBuildInformation().splitlines()
