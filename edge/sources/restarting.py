"""A source that comes back whatever happens to it, so that its faults stop nobody else."""

import logging
import time

from edge.backoff import Backoff

WAIT_SECONDS = 0.2
BACKOFF_SECONDS = (0.5, 30.0)

_log = logging.getLogger(__name__)


class Lasting:
    """Makes a source and lets it run; makes it again when it fails as nobody foresaw."""

    def __init__(self, name, make, state, backoff=None):
        """Make nothing yet.

        Args:
            name: the source's name.
            make: called without arguments, returns a source: `frames(stop)`, a generator of Frame
                or None, and `leave(successor)`.
            state: its SourceState, closed once the source has ended.
            backoff: the Backoff between tries; None: BACKOFF_SECONDS.
        """
        self.name = name
        self._make = make
        self._state = state
        self._backoff = backoff or Backoff(*BACKOFF_SECONDS)
        self._told = None
        self._source = None

    def leave(self, successor):
        """Say, before its stop event is set, who takes its place: settings, or None."""
        source = self._source
        if source is not None:
            source.leave(successor)

    def frames(self, stop):
        """Yield what the source yields, until `stop` is set or it has come to its own end."""
        try:
            while True:
                try:
                    self._source = self._make()
                    yield from self._source.frames(stop)
                    return
                except Exception as error:  # nobody foresaw it, and the others go on
                    self._tell(error)
                if stop.is_set():
                    return
                yield from self._pause(stop)
        finally:
            self._state.close()

    def _tell(self, error):
        what = "{}: {}".format(type(error).__name__, error)
        if what != self._told:
            _log.error("source %s failed, which is a fault of labeld", self.name, exc_info=error)
            self._told = what
        self._state.stale("it failed unexpectedly: {}; trying again".format(what))

    def _pause(self, stop):
        again_at = time.monotonic() + self._backoff.next()
        while time.monotonic() < again_at and not stop.is_set():
            stop.wait(WAIT_SECONDS)
            yield None
