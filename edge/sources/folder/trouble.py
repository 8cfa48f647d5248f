"""What this machine cannot do at present with a drop folder's files."""

import threading
import time
from typing import Optional

from edge.backoff import Backoff

AGAIN_SECONDS = (1.0, 60.0)
"""What could not be read or put away is tried again after so long, at first and at most."""


class Trouble:
    """What this machine cannot do at present, and when it is tried again; for any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reading, self._putting = _Kind(), _Kind()

    @property
    def reason(self) -> Optional[str]:
        """Why the folder is not served, for the person on duty; None: it is."""
        with self._lock:
            return self._reading.reason or self._putting.reason

    def may_read(self, now: float) -> bool:
        """Return True if a file may be read at `now` (monotonic seconds)."""
        with self._lock:
            return now >= self._reading.again_at

    def may_put_away(self, now: float) -> bool:
        """Return True if files may be put away that could not be."""
        with self._lock:
            return now >= self._putting.again_at

    def cannot_read(self, reason: str) -> None:
        with self._lock:
            self._reading.failed(reason)

    def has_read(self) -> None:
        with self._lock:
            self._reading.worked()

    def cannot_put_away(self, reason: str) -> None:
        with self._lock:
            self._putting.failed(reason)

    def has_put_away(self) -> None:
        with self._lock:
            self._putting.worked()


class _Kind:
    """One kind of trouble."""

    def __init__(self) -> None:
        self.reason: Optional[str] = None
        self.again_at = 0.0
        self._backoff = Backoff(*AGAIN_SECONDS)

    def failed(self, reason: str) -> None:
        now = time.monotonic()
        if now >= self.again_at:  # several at once are one failure
            self.again_at = now + self._backoff.next()
        self.reason = self.reason or reason

    def worked(self) -> None:
        self.reason = None
        self.again_at = 0.0
        self._backoff.reset()
