"""A camera: what is taken of it, and what is said and done when it fails."""

import gc
import logging
import os
import signal
import time
from collections import namedtuple

import cv2
import numpy as np
import pytest

from edge.metrics import DROPPED
from edge.prepare.preprocess import ROW
from edge.sources.camera import reader
from tests.support import cameras
from tests.support.servers import free_port, wait_for


@pytest.fixture(scope="module")
def pictures():
    return cameras.scene(20)


@pytest.fixture
def mjpeg(pictures):
    server = cameras.MjpegServer([cameras.jpeg(picture) for picture in pictures])
    yield server
    server.close()


@pytest.fixture
def rtsp(tmp_path, pictures):
    server = cameras.RtspServer(tmp_path, pictures)
    server.start()
    yield server
    server.kill()


def differences(image, pictures):
    """Return how far an RGB picture is from each of the scene, all as small as a row."""
    seen = shrunk(image)
    return [np.abs(seen - shrunk(picture[..., ::-1])).mean() for picture in pictures]


def shrunk(image):
    return cv2.resize(image, ROW[:2], interpolation=cv2.INTER_AREA).astype(int)


def shows_the_scene(image, pictures):
    """Return True if an RGB picture is one of the scene, but for what compression does to it."""
    return min(differences(image, pictures)) < 8


MJPEG_FAULTS = {
    "stall": "no picture came for 1 s",
    "silent": "no picture came for 1 s",
    "half": "no picture came for 1 s",
    "end": "the server ended the stream",
    "reset": "Connection reset by peer",
    "not found": "the server answers 404 Not Found",
    "unauthorised": "the server answers 401",
    "page": "the server answers with text/html, not with video",
    "garbage": "the server ended the stream",
    "cut": "the JPEG is cut short",
    "junk": "it sends what is no JPEG",
}


@pytest.mark.parametrize("fault", sorted(MJPEG_FAULTS))
def test_a_fault_of_an_http_camera_is_told_once_and_got_over(fault, mjpeg, watch, caplog):
    caplog.set_level(logging.INFO)
    watched = watch(mjpeg.url)
    watched.more(3)
    assert watched.up() == 1
    mjpeg.fault = fault
    cause = MJPEG_FAULTS[fault]
    reason = watched.stale(cause)
    assert mjpeg.url in reason
    assert watched.up() == 0
    tries = mjpeg.connections
    wait_for(lambda: mjpeg.connections > tries + 2, "more tries")
    assert caplog.text.count(cause) == 1
    assert "live" not in [status["status"] for status in watched.statuses[1:]]
    mjpeg.fault = None
    watched.more(3)
    wait_for(lambda: watched.up() == 1, "it is up again")
    assert watched.statuses[-1]["status"] == "live"


def test_pictures_without_a_length_are_read_too(pictures, watch):
    server = cameras.MjpegServer([cameras.jpeg(picture) for picture in pictures], length=False)
    try:
        watched = watch(server.url)
        watched.more(5)
        assert all(shows_the_scene(frame.read(), pictures) for frame in watched.frames[:5])
    finally:
        server.close()


@pytest.mark.parametrize("scheme", [b"Basic", b"Digest"])
def test_a_password_in_the_address_is_used_and_not_shown(scheme, mjpeg, watch, caplog):
    mjpeg.asks_for = scheme
    address = mjpeg.url.replace("127", "user:{}@127")
    watched = watch(address.format("s3cret"))
    watched.more(2)
    assert "401" in watch(address.format("wrong")).stale("401 Unauthorized")
    mjpeg.fault = "not found"
    assert "user:***@127" in watched.stale("404")
    assert "s3cret" not in caplog.text


def test_an_address_where_nobody_listens_and_a_name_that_is_not_known(watch):
    for scheme in ("http", "rtsp"):
        address = "{}://127.0.0.1:{}/x".format(scheme, free_port())
        watch(address).stale("Connection refused")
        watch(scheme + "://camera.invalid/x").stale("not known")


def test_an_rtsp_camera_that_stalls_dies_or_comes_back(rtsp, pictures, watch, caplog):
    watched = watch(rtsp.url, timeout_s=3.0)
    watched.more(5)
    assert shows_the_scene(watched.frames[-1].read(), pictures)
    rtsp.process.send_signal(signal.SIGSTOP)
    watched.stale("within 3 s" if _opencv() else "no picture came for 3 s")
    assert watched.up() == 0
    rtsp.process.send_signal(signal.SIGCONT)
    watched.more(2)
    rtsp.kill()
    watched.stale("Connection refused")
    time.sleep(0.2)
    assert caplog.text.count("Connection refused") == 1
    rtsp.start()
    watched.more(2)
    assert watched.up() == 1


def test_an_rtsp_path_that_is_not_there(rtsp, watch):
    watch(rtsp.url + "/nowhere", timeout_s=3.0).stale("path" if _opencv() else "404")


def test_an_rtsp_stream_that_is_reset_or_turns_into_garbage(rtsp, watch):
    proxy = cameras.Proxy(rtsp.port)
    try:
        watched = watch(rtsp.url.replace(str(rtsp.port), str(proxy.port)), timeout_s=3.0)
        watched.more(3)
        for fault in (proxy.reset, lambda: setattr(proxy, "fault", "garbage")):
            seen = len(watched.statuses)
            fault()
            wait_for(
                lambda seen=seen: "stale" in [told["status"] for told in watched.statuses[seen:]],
                "it is stale",
            )
            proxy.fault = None
            watched.more(2)
    finally:
        proxy.close()


def _opencv():
    """Return True where PyAV is not installed, so that OpenCV reads RTSP."""
    try:
        import av  # noqa: F401
    except ImportError:
        return True
    return False


def test_a_video_file_is_played_at_its_own_pace(watch):
    film = cameras.scene(120)
    watched = watch(cameras.SCENE, fps=1)
    watched.more(3)
    third = watched.frames[2].read()
    assert np.argmin(differences(third, film)) <= 25, (
        "ten pictures of it make a second, and two have passed"
    )


def test_a_short_film_ends_or_is_played_again(tmp_path, watch):
    path = str(tmp_path / "film.avi")
    film(path, 5)
    once = watch(path)
    wait_for(once.ended, "the film ends")
    assert len(once.frames) == 5
    assert "played to its end" in once.stale("end")
    again = watch(path, loop=True)
    again.more(12)
    assert again.statuses[-1]["status"] == "live"


def film(path, count):
    writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"MJPG"), 25, (64, 48))
    for number in range(count):
        writer.write(np.full((48, 64, 3), 10 * number, np.uint8))
    writer.release()


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("/nowhere/film.avi", "there is no such file"),
        ("/dev/video77", "there is no such device"),
        ("videotestsrc ! nonsense ! appsink", "GStreamer"),
    ],
)
def test_what_cannot_be_opened_says_why(url, cause, watch):
    assert url in watch(url).stale(cause)


class Device:
    """What OpenCV's capture is to labeld, for a camera that this machine does not have."""

    opened = []

    def __init__(self, *arguments):
        self.opened.append(arguments)
        self._left = 3

    def isOpened(self):
        return True

    def grab(self):
        self._left -= 1
        return self._left >= 0

    def retrieve(self):
        return True, np.full((48, 64, 3), (10, 20, 200), np.uint8)

    def release(self):
        pass


def test_a_v4l2_camera_is_opened_by_its_number_and_read_as_rgb(watch, monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", Device)
    watched = watch("/dev/video0")
    watched.more(2)
    assert Device.opened[0] == (0, cv2.CAP_V4L2)
    assert watched.frames[0].read()[0, 0].tolist() == [200, 20, 10]
    watched.stale("no more pictures came")


def test_a_region_of_interest_is_cut_out_and_then_turned(tmp_path, watch):
    path = str(tmp_path / "film.avi")
    film(path, 5)
    watched = watch(path, loop=True, roi=(8, 16, 40, 20), rotate=90)
    watched.more(2)
    assert watched.frames[0].read().shape == (40, 20, 3)
    outside = watch(path, loop=True, roi=(40, 0, 40, 20))
    assert "roi [40, 0, 40, 20] reaches beyond its pictures, which have 64x48" in outside.stale(
        "roi"
    )


def test_one_picture_is_under_way_and_those_due_meanwhile_are_counted(mjpeg, watch):
    watched = watch(mjpeg.url, clear=False)
    watched.more(1)
    wait_for(lambda: watched.count(DROPPED) >= 5, "dropped frames")
    assert len(watched.frames) == 1
    newest = time.monotonic()
    watched.frames[0].release()
    watched.more(1)
    assert watched.frames[1].arrived > newest, "a new picture, not one kept from before"


Usage = namedtuple("Usage", "threads descriptors megabytes")


def usage():
    gc.collect()
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    return Usage(
        len(os.listdir("/proc/self/task")),
        len(os.listdir("/proc/self/fd")),
        pages * os.sysconf("SC_PAGE_SIZE") / 1e6,
    )


@pytest.fixture
def ending(pictures):
    """An HTTP camera that hangs up after each picture."""
    server = cameras.MjpegServer([cameras.jpeg(pictures[0])], fps=1000)
    server.fault = "end after one"
    yield server
    server.close()


@pytest.mark.parametrize("kind", ["http", "rtsp", "file"])
def test_five_hundred_reconnects_leave_nothing_behind(
    kind, ending, rtsp, tmp_path, watch, monkeypatch
):
    film(str(tmp_path / "film.avi"), 1)
    urls = {"http": ending.url, "rtsp": rtsp.url + "/nowhere", "file": str(tmp_path / "film.avi")}
    opened = reader.open_capture
    tries = []

    def counted(settings, covering):
        tries.append(settings.url)
        return opened(settings, covering)

    monkeypatch.setattr(reader, "open_capture", counted)
    watched = watch(urls[kind], keep=False, loop=True)
    wait_for(lambda: len(tries) > 50, "50 tries")
    before = usage()
    wait_for(lambda: len(tries) > 550 and (kind == "rtsp" or len(watched.frames) > 500), "500 more")
    after = usage()
    assert kind != "rtsp" or not watched.frames
    assert after.threads <= before.threads + 2
    assert after.descriptors <= before.descriptors + 4
    assert after.megabytes < before.megabytes + 20


def test_a_file_is_not_said_to_be_empty_because_its_pictures_were_dropped(tmp_path, watch):
    url = str(tmp_path / "film.avi")
    film(url, 1)
    watched = watch(url, clear=False, loop=True)
    wait_for(lambda: (watched.count(DROPPED) or 0) > 20, "the picture was dropped each time")
    assert [status["reason"] for status in watched.statuses if status["status"] == "stale"] == []


class _Hanging:
    """A capture whose call no timeout ends: a driver that sleeps in the kernel."""

    is_file = False

    def __init__(self, fifo):
        self._fifo = fifo

    def grab(self):
        with open(self._fifo, "rb"):  # until somebody opens it for writing
            raise EOFError

    def close(self):
        pass


def test_a_call_that_hangs_holds_up_neither_a_stop_nor_another_camera(
    tmp_path, mjpeg, watch, monkeypatch
):
    fifo = str(tmp_path / "fifo")
    os.mkfifo(fifo)
    opened = reader.open_capture
    monkeypatch.setattr(
        reader,
        "open_capture",
        lambda settings, _: _Hanging(fifo) if settings.url == "hanging" else opened(settings),
    )
    monkeypatch.setattr("edge.sources.camera.camera.HANG_SECONDS", 0.5)
    hanging = watch("hanging")
    other = watch(mjpeg.url)
    hanging.stale("a call to it hangs, for more than 1.5 s")
    other.more(3)
    hanging.close()  # fails if it does not end
    with open(fifo, "wb"):
        pass  # let the thread go
