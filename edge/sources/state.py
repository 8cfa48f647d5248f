"""Whether a source delivers, and if not, why: as a metric, in the log, on its status topic."""

import logging
import time

from edge.events import source_status

LIVE, STALE = "live", "stale"

_log = logging.getLogger(__name__)


class SourceState:
    """One source's state; a change of it is shown, the same again is not."""

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

    def live(self):
        """Say that the source delivers."""
        if self._show(LIVE, None):
            _log.info("source %s: live", self._name)

    def stale(self, reason):
        """Say that it does not, and why: a text for the person on duty."""
        if self._show(STALE, reason):
            _log.error("source %s: %s", self._name, reason)

    def _show(self, status, reason):
        self._metrics.source_up(self._name, status == LIVE)
        if (status, reason) == self._known:
            return False
        self._known = (status, reason)
        payload = source_status(self._device, self._name, status, reason, time.time())
        self._announce(self._name, payload)
        return True
