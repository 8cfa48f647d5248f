"""Whether a source delivers, and if not, why: as a metric, in the log, on its status topic."""

import logging
import threading
import time
from typing import Callable, Optional, Tuple

from edge.deliver.event import source_status
from edge.masking import masked
from edge.metrics import Metrics
from edge.prepare.validity import FROZEN, LIVE

STALE = "stale"

STEADY_SECONDS = 5.0
"""A source that fails again within so long has not been mended: the log has its cause already."""

_log = logging.getLogger(__name__)


class SourceState:
    """One source's state; a change of it is shown, the same again is not.

    The log does not follow a source that comes and goes: it has the cause once, and that the
    source is back once that has lasted. Safe for use from several threads.
    """

    def __init__(
        self, name: str, device: str, metrics: Metrics, announce: Callable[[str, bytes], None]
    ) -> None:
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
        self._known: Optional[Tuple[str, Optional[str]]] = None
        self._told: Optional[Tuple[str, Optional[str]]] = None
        self._since = 0.0
        self._stale_at = 0.0
        self._closed = False
        self._lock = threading.Lock()

    def live(self) -> None:
        """Say that the source delivers; again and again, as long as it does."""
        self.judged(LIVE, None, time.monotonic())

    def judged(self, status: str, reason: Optional[str], at: float) -> None:
        """Say how the source is by a picture of it.

        Args:
            status: one of `validity.STATUSES`.
            reason: what it means, or None for LIVE.
            at: when the picture was taken, in monotonic seconds: one from before the source was
                last stale says nothing of it now.
        """
        with self._lock:
            if at >= self._stale_at and not self._closed:
                self._show(status, reason, up=status != FROZEN)
                self._tell(status, reason)

    def stale(self, reason: str) -> None:
        """Say that it delivers nothing, and why: a text for the person on duty."""
        reason = masked(reason)
        with self._lock:
            if self._closed:
                return
            self._stale_at = time.monotonic()
            self._show(STALE, reason, up=False)
            self._tell(STALE, reason)

    def close(self) -> None:
        """Show nothing any more: the source has ended, and another may have its name."""
        with self._lock:
            self._closed = True

    def _show(self, status: str, reason: Optional[str], up: bool) -> None:
        self._metrics.source_up(self._name, up)
        if (status, reason) == self._known:
            return
        self._known = (status, reason)
        self._since = time.monotonic()
        payload = source_status(self._device, self._name, status, reason, time.time())
        self._announce(self._name, payload)

    def _tell(self, status: str, reason: Optional[str]) -> None:
        """Log what is new, and that all is well only once that has lasted."""
        told = (status, reason)
        steady = self._told is None or time.monotonic() - self._since > STEADY_SECONDS
        if told == self._told or (status == LIVE and not steady):
            return
        self._told = told
        if status == LIVE:
            _log.info("source %s: live", self._name)
        else:
            level = logging.ERROR if status in (STALE, FROZEN) else logging.WARNING
            _log.log(level, "source %s: %s: %s", self._name, status, reason)
