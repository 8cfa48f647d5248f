"""From a camera's address to what reads it.

Everything that reads has:

- `grab()`: go on to the next picture, without decoding it where that can be put off. Raises
  EOFError at the end of a stream, SourceError where it fails; both bounded by the timeout.
- `retrieve()`: that picture, uint8[height, width, 3] RGB. Raises SourceError.
- `is_file`: whether it has a beginning and an end, and then
- `position`: that picture's time in it, in seconds, or None where it does not tell.
- `close()`.

PyAV reads what is neither Motion JPEG nor the device's own, for it names causes and bounds every
call. Where it is not installed (it needs Python 3.10 or later, so on a Jetson), OpenCV does.
"""

import os
from urllib.parse import urlsplit

import cv2

from edge.errors import SourceError
from edge.sources.camera.libav import AvCapture
from edge.sources.camera.mjpeg import MULTIPART, MjpegCapture, ask
from edge.sources.camera.opencv import CvCapture


def open_capture(url, timeout_seconds):
    """Open a camera and return what reads it; see above.

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
        return AvCapture(av, url, timeout_seconds, is_file)
    return CvCapture(url, cv2.CAP_FFMPEG, timeout_seconds, is_file)


def _pyav():
    try:
        import av
    except ImportError:
        return None
    return av
