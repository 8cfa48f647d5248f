"""What this machine cannot do at present with a drop folder's files, such as read them."""

import threading
import time
from typing import Optional

from edge.backoff import Backoff

AGAIN_SECONDS = (1.0, 60.0)
"""What could not be read or put away is tried again after so long, at first and at most."""


class Trouble:
    """One thing that this machine cannot do at present, and when to try again; for any thread.

    Attributes:
        reason: why it cannot, for the person on duty; None: it can.
    """

    def __init__(self) -> None:
        self.reason: Optional[str] = None
        self._lock = threading.Lock()
        self._again_at = 0.0
        self._backoff = Backoff(*AGAIN_SECONDS)

    def is_due(self, now: float) -> bool:
        """Return True if it may be tried at `now` (monotonic seconds)."""
        with self._lock:
            return now >= self._again_at

    def failed(self, reason: str) -> None:
        """Note that it could not be done, and why; several times at once are one failure."""
        now = time.monotonic()
        with self._lock:
            if now >= self._again_at:
                self._again_at = now + self._backoff.next()
            self.reason = self.reason or reason

    def worked(self) -> None:
        """Note that it could be done."""
        with self._lock:
            self.reason = None
            self._again_at = 0.0
            self._backoff.reset()
