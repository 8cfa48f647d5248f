"""From a camera's address to what reads it.

PyAV reads what is neither Motion JPEG nor the device's own, for it names causes and bounds every
call. Where it is not installed (it needs Python 3.10 or later, so on a Jetson), OpenCV does.
"""

import os

import cv2

from edge.config.settings import CameraSettings
from edge.errors import SourceError
from edge.machine.ffmpeg import pyav
from edge.masking import escaped
from edge.sources.camera.capture import Capture, Covering, in_full
from edge.sources.camera.http import Client
from edge.sources.camera.libav import AvCapture
from edge.sources.camera.mjpeg import MULTIPART, MjpegCapture
from edge.sources.camera.opencv import CvCapture
from edge.sources.camera.snapshot import SnapshotCapture


def open_capture(settings: CameraSettings, covering: Covering = in_full) -> Capture:
    """Open a camera and return what reads it.

    Args:
        settings: its CameraSettings, of which these count: `url`: rtsp://, http:// and the like; a
            device (`/dev/video0`); the path of a video file; or a GStreamer pipeline, known by its
            `!`. `timeout_s`: how long opening, and then each picture, may take. `fps`: how many
            pictures a second are wanted of what gives one at a time. `transport`: RTSP's.
        covering: how small JPEGs may be decoded, where there is no `roi`.

    Raises:
        SourceError: it cannot be opened; the text is the cause.
    """
    url, timeout_seconds = settings.url, settings.timeout_s
    if "!" in url and "://" not in url.partition("!")[0].partition(" ")[0]:
        return CvCapture(url, cv2.CAP_GSTREAMER, timeout_seconds, is_file=False)
    if url.startswith("/dev/"):
        return CvCapture(url, cv2.CAP_V4L2, timeout_seconds, is_file=False)
    if url.partition("://")[0].lower() in ("http", "https"):
        client = Client(url, timeout_seconds)
        answer = client.ask()
        if answer is None:
            raise SourceError("the server answers 304 Not Modified, though not asked for news")
        covering = covering if settings.roi is None else in_full
        if answer.kind.startswith(MULTIPART):
            return MjpegCapture(answer, timeout_seconds, covering)
        if answer.kind.startswith("image/"):
            return SnapshotCapture(client, answer, settings.fps, timeout_seconds, covering)
        answer.body.close()
        if not answer.kind.startswith(("video/", "application/")):
            raise SourceError("the server answers with {}, not with video".format(answer.kind))
    is_file = "://" not in url
    if is_file and not os.path.isfile(url):
        raise SourceError("there is no such file")
    av = pyav()
    if av is not None:
        return AvCapture(av, escaped(url), timeout_seconds, is_file, settings.transport)
    return CvCapture(escaped(url), cv2.CAP_FFMPEG, timeout_seconds, is_file, settings.transport)
