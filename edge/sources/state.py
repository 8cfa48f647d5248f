"""Whether a source delivers, and if not, why: as a metric, in the log, on its status topic."""

import logging
import threading
import time

from edge.events import source_status

LIVE, STALE = "live", "stale"

STEADY_SECONDS = 5.0
"""A source that fails again within so long has not been mended: the log has its cause already."""

_log = logging.getLogger(__name__)


class SourceState:
    """One source's state; a change of it is shown, the same again is not.

    The log does not follow a source that comes and goes: it has the cause once, and that the
    source is back once that has lasted. Safe for use from several threads.
    """

    def __init__(self, name, device, metrics, announce):
        """Begin with nothing known.

        Args:
            name: the source's name.
            device: the device's name.
            metrics: the Metrics.
            announce: called with (source name, status payload) at each change.
        """
        self._name = name
        self._device = device
        self._metrics = metrics
        self._announce = announce
        self._known = None
        self._told = None
        self._live_since = 0.0
        self._lock = threading.Lock()

    def live(self):
        """Say that the source delivers; again and again, as long as it does."""
        now = time.monotonic()
        if self._show(LIVE, None):
            self._live_since = now
        steady = self._told is None or now - self._live_since > STEADY_SECONDS
        if steady and self._told != LIVE:
            self._told = LIVE
            _log.info("source %s: live", self._name)

    def stale(self, reason):
        """Say that it does not, and why: a text for the person on duty."""
        self._show(STALE, reason)
        if reason != self._told:
            self._told = reason
            _log.error("source %s: %s", self._name, reason)

    def _show(self, status, reason):
        with self._lock:
            self._metrics.source_up(self._name, status == LIVE)
            if (status, reason) == self._known:
                return False
            self._known = (status, reason)
            payload = source_status(self._device, self._name, status, reason, time.time())
            self._announce(self._name, payload)
            return True
