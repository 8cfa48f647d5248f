"""The loop of a camera's own thread: opens it, reads it, opens it again, for ever."""

import time

from edge.errors import SourceError
from edge.metrics import DECODE, DROPPED
from edge.sources.camera.address import masked
from edge.sources.camera.capture import open_capture
from edge.sources.camera.handoff import Shot
from edge.sources.camera.pace import Player, Schedule
from edge.sources.camera.view import view

STEADY_SECONDS = 5.0
"""After a stream that held so long, the next try comes soon; after shorter ones, ever later."""


class Reader:
    """Puts the pictures of one camera that are due into its mailbox, while that is free.

    Those that are due meanwhile are counted as dropped; all others are thrown away undecoded.
    """

    def __init__(self, settings, state, metrics, backoff, mailbox, stop):
        """Make the reader.

        Args:
            settings: a CameraSource of the configuration.
            state: the camera's SourceState.
            metrics: the Metrics.
            backoff: the Backoff between tries.
            mailbox: the Mailbox.
            stop: the event that ends it.
        """
        self.failure = None
        self._settings = settings
        self._state = state
        self._metrics = metrics
        self._backoff = backoff
        self._mailbox = mailbox
        self._stop = stop
        self._number = 0
        self._size = None
        self._call_began = None

    def run(self):
        """Read until `stop` is set, or a file that is not to be played again has ended."""
        try:
            while not self._stop.is_set():
                if self._try():
                    return
        except Exception as error:  # nobody expects it: whoever owns the thread reports it
            self.failure = error

    def call_seconds(self):
        """Return for how long the present call to the camera has lasted; 0 outside of one."""
        began = self._call_began
        return 0.0 if began is None else time.monotonic() - began

    def stale(self, cause):
        """Show that the camera gives no pictures, and why."""
        url = masked(self._settings.url)
        self._state.stale("{}: {}; trying again".format(url, masked(cause)))

    def _try(self):
        """Open and read once; wait if it failed; return True if all has been read."""
        began = time.monotonic()
        try:
            self._play()
            if self._settings.loop or self._stop.is_set():
                return False
            self._state.stale("{} has been played to its end".format(self._settings.url))
            return True
        except SourceError as error:
            self.stale(str(error))
        if time.monotonic() - began > STEADY_SECONDS:
            self._backoff.reset()
        self._stop.wait(self._backoff.next())
        return False

    def _play(self):
        """Read until the end of a file, or `stop`."""
        settings = self._settings
        capture = self._call(lambda: open_capture(settings.url, settings.timeout_s))
        try:
            schedule, player = Schedule(settings.fps), Player()
            self._size = None
            grabbed = False
            while not self._stop.is_set():
                self._call(capture.grab)
                grabbed = True
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

    def _take(self, capture):
        if not self._mailbox.free:
            self._metrics.count(self._settings.name, DROPPED)
            return
        captured_at, seen = time.time(), time.monotonic()
        with self._metrics.time(DECODE):
            image = self._call(capture.retrieve)
        size = image.shape[1::-1]
        if self._size not in (None, size):
            raise SourceError(
                "the size of its pictures changed from {}x{} to {}x{}".format(*self._size + size)
            )
        self._size = size
        image = view(image, self._settings.roi, self._settings.rotate)
        self._number += 1
        self._mailbox.put(Shot(image, self._number, captured_at, seen))

    def _call(self, function):
        """Call what may hang."""
        self._call_began = time.monotonic()
        try:
            return function()
        finally:
            self._call_began = None
