"""The loop of a camera's own thread: opens it, reads it, opens it again, for ever."""

import threading
import time
from typing import Callable, Optional, TypeVar

from edge.backoff import Backoff
from edge.config.settings import CameraSettings
from edge.errors import PictureError, SourceError
from edge.masking import masked
from edge.metrics import DAMAGED, DECODE, DROPPED, UNCHANGED, Metrics
from edge.sources.camera.capture import Capture, Covering
from edge.sources.camera.handoff import CapturedImage, Handoff
from edge.sources.camera.opening import open_capture
from edge.sources.camera.pace import Player, Schedule
from edge.sources.camera.view import turned
from edge.sources.state import SourceState

STEADY_SECONDS = 5.0
"""After a stream that held so long, the next try comes soon; after shorter ones, ever later."""


T = TypeVar("T")


class Reader:
    """Hands on the pictures of one camera that are due, one at a time.

    Those that are due meanwhile are counted as dropped; all others are thrown away undecoded.
    """

    def __init__(
        self,
        settings: CameraSettings,
        state: SourceState,
        metrics: Metrics,
        handoff: Handoff,
        backoff: Backoff,
        stop: threading.Event,
        covering: Covering,
    ) -> None:
        """Make the reader.

        Args:
            settings: its CameraSettings.
            state: the camera's SourceState.
            metrics: the Metrics.
            handoff: where its pictures go.
            backoff: between tries.
            stop: the event that ends it.
            covering: see `open_capture`.
        """
        self.failure: Optional[BaseException] = None
        self._settings = settings
        self._state = state
        self._metrics = metrics
        self._backoff = backoff
        self._handoff = handoff
        self._stop = stop
        self._covering = covering
        self._number = 0
        self._good_at = self._new_at = 0.0
        self._is_new = False
        self._call_began: Optional[float] = None

    def run(self) -> None:
        """Read until `stop` is set, or a file that is not to be played again has ended."""
        try:
            while not self._stop.is_set():
                if self._try():
                    return
        except BaseException as error:  # nobody expects it: whoever owns the thread reports it
            self.failure = error

    def call_seconds(self) -> float:
        """Return for how long the present call to the camera has lasted; 0 outside of one."""
        began = self._call_began
        return 0.0 if began is None else time.monotonic() - began

    def stale(self, cause: str) -> None:
        """Show that the camera gives no pictures, and why."""
        url = self._settings.url
        self._state.stale(masked("{}: {}; trying again".format(url, cause), url))

    def _try(self) -> bool:
        """Open and read once; wait if it failed; return True if all has been read."""
        began = time.monotonic()
        try:
            self._play()
            if self._settings.loop or self._stop.is_set():
                return False
            self._state.stale("{} has been played to its end".format(masked(self._settings.url)))
            return True
        except SourceError as error:
            self.stale(str(error))
        if time.monotonic() - began > STEADY_SECONDS:
            self._backoff.reset()
        self._stop.wait(self._backoff.next())
        return False

    def _play(self) -> None:
        """Read until the end of a file, or `stop`."""
        settings, covering = self._settings, self._covering
        capture = self._call(lambda: open_capture(settings, covering))
        try:
            schedule, player = Schedule(settings.fps), Player()
            self._good_at = time.monotonic()
            grabbed, damaged = False, 0
            while not self._stop.is_set():
                self._call(capture.grab)
                if not capture.is_due:
                    continue
                grabbed = True
                self._metrics.count(settings.name, DAMAGED, capture.damaged - damaged)
                damaged = capture.damaged
                self._is_new = self._is_new or capture.is_new
                if capture.is_file and capture.position is not None:
                    player.wait(capture.position, self._stop)
                if schedule.due(time.monotonic()):
                    self._take(capture)
        except EOFError:
            if not capture.is_file:
                raise SourceError("the server ended the stream")
            if not grabbed:
                raise SourceError("there is no picture in it")
        finally:
            self._call(capture.close)

    def _take(self, capture: Capture) -> None:
        settings = self._settings
        if not self._handoff.free:
            self._metrics.count(settings.name, DROPPED)
            return
        captured_at, arrived = time.time(), time.monotonic()
        if self._is_new:
            self._new_at = arrived
        elif arrived - self._new_at < settings.validity.frozen_s or not settings.validity.frozen_s:
            self._metrics.count(settings.name, UNCHANGED)
            return
        try:
            with self._metrics.time(DECODE):
                image = self._call(lambda: capture.retrieve(settings.roi))
        except PictureError as error:
            self._metrics.count(settings.name, DAMAGED)
            if arrived - self._good_at > settings.timeout_s:
                raise SourceError("its pictures are damaged: {}".format(error))
            return
        self._good_at = arrived
        self._is_new = False
        image = turned(image, settings.rotate)
        self._number += 1
        self._handoff.put(CapturedImage(image, self._number, captured_at, arrived))

    def _call(self, function: Callable[[], T]) -> T:
        """Call what may hang."""
        self._call_began = time.monotonic()
        try:
            return function()
        finally:
            self._call_began = None
