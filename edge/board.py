"""What was labelled last of each source, and how often within the last hour: for the page."""

import threading
import time
from collections import deque
from typing import Deque, Dict, NamedTuple, Optional, Tuple

import numpy as np

MINUTES = 60

PICTURE_SECONDS = 1.0
"""From one picture of a source that is kept to its next, at least."""


class Shown(NamedTuple):
    """The last label of a source.

    Attributes:
        label, score, image: of it; None: there was none yet.
        age_seconds: since it came.
        minutes: labels in each of the last MINUTES, the present one last.
        ages: the greatest age in seconds of a picture when it was labelled, in each of these.
        number: of its last picture; 0: there is none.
    """

    label: Optional[str] = None
    score: Optional[float] = None
    image: Optional[str] = None
    age_seconds: Optional[float] = None
    minutes: Tuple[int, ...] = (0,) * MINUTES
    ages: Tuple[float, ...] = (0.0,) * MINUTES
    number: int = 0


class _Entry:
    """What is known of one source; `at`, `minute`: of its last label."""

    def __init__(self, minute: int) -> None:
        self.label, self.score, self.image, self.at = "", 0.0, "", 0.0
        self.minute = minute
        self.minutes: Deque[int] = deque([0] * MINUTES, MINUTES)
        self.ages: Deque[float] = deque([0.0] * MINUTES, MINUTES)
        self.row: Optional[np.ndarray] = None
        self.row_at = 0.0
        self.number = 0

    def turn(self, minute: int) -> None:
        """Go on to a minute."""
        gone = min(MINUTES, minute - self.minute)
        self.minutes.extend([0] * gone)
        self.ages.extend([0.0] * gone)
        self.minute = minute


class Board:
    """Keeps the last label of each source. Safe for use from several threads."""

    def __init__(self, pictures: bool) -> None:
        """Begin with nothing; `pictures`: keep the last picture of each source, too."""
        self._pictures = pictures
        self._lock = threading.Lock()
        self._entries: Dict[str, _Entry] = {}

    def labelled(
        self, source: str, image: str, label: str, score: float, age: float, row: np.ndarray
    ) -> None:
        """Note a label.

        Args:
            source: the source's name.
            image: the picture's.
            label, score: what is published.
            age: the picture's, in seconds.
            row: uint8[299, 299, 3], of which a copy is kept, if any.
        """
        now = time.monotonic()
        minute = int(now / 60)
        with self._lock:
            entry = self._entries.get(source)
            if entry is None:
                entry = self._entries[source] = _Entry(minute)
            entry.turn(minute)
            entry.minutes[-1] += 1
            entry.ages[-1] = max(entry.ages[-1], age)
            entry.label, entry.score, entry.image, entry.at = label, score, image, now
            if self._pictures and (entry.row is None or now - entry.row_at >= PICTURE_SECONDS):
                entry.row, entry.row_at = row.copy(), now
                entry.number += 1

    def forget(self, source: str) -> None:
        """Know nothing more of a source."""
        with self._lock:
            self._entries.pop(source, None)

    def shown(self, source: str) -> Shown:
        """Return the last label of a source."""
        now = time.monotonic()
        with self._lock:
            entry = self._entries.get(source)
            if entry is None:
                return Shown()
            entry.turn(int(now / 60))
            return Shown(
                entry.label,
                entry.score,
                entry.image,
                now - entry.at,
                tuple(entry.minutes),
                tuple(entry.ages),
                entry.number,
            )

    def picture(self, source: str) -> Tuple[int, Optional[np.ndarray]]:
        """Return the last picture of a source that is kept, and its number.

        Returns:
            (number from 1, uint8[299, 299, 3], RGB), or (0, None).
        """
        with self._lock:
            entry = self._entries.get(source)
            return (0, None) if entry is None else (entry.number, entry.row)
