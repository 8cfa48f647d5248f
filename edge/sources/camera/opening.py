"""From a camera's address to what reads it.

PyAV reads what is neither Motion JPEG nor the device's own, for it names causes and bounds every
call. Where it is not installed (it needs Python 3.10 or later, so on a Jetson), OpenCV does.
"""

import os
from typing import Any
from urllib.parse import urlsplit

import cv2

from edge.errors import SourceError
from edge.masking import escaped
from edge.sources.camera.capture import Capture
from edge.sources.camera.libav import AvCapture
from edge.sources.camera.mjpeg import MULTIPART, MjpegCapture, ask
from edge.sources.camera.opencv import CvCapture


def open_capture(url: str, timeout_seconds: float) -> Capture:
    """Open a camera and return what reads it.

    Args:
        url: rtsp://, http:// and the like; a device (`/dev/video0`); the path of a video file; or
            a GStreamer pipeline, known by its `!`.
        timeout_seconds: how long opening, and then each picture, may take.

    Raises:
        SourceError: it cannot be opened; the text is the cause.
    """
    if "!" in url:
        return CvCapture(url, cv2.CAP_GSTREAMER, timeout_seconds, is_file=False)
    if url.startswith("/dev/"):
        return CvCapture(url, cv2.CAP_V4L2, timeout_seconds, is_file=False)
    if urlsplit(url).scheme in ("http", "https"):
        answer = ask(url, timeout_seconds)
        if answer.kind == MULTIPART:
            return MjpegCapture(answer, timeout_seconds)
        answer.body.close()
        if not answer.kind.startswith(("video/", "application/")):
            raise SourceError("the server answers with {}, not with video".format(answer.kind))
    is_file = "://" not in url
    if is_file and not os.path.isfile(url):
        raise SourceError("there is no such file")
    av = _pyav()
    if av is not None:
        return AvCapture(av, escaped(url), timeout_seconds, is_file)
    return CvCapture(escaped(url), cv2.CAP_FFMPEG, timeout_seconds, is_file)


def _pyav() -> Any:
    try:
        import av
    except ImportError:
        return None
    return av
