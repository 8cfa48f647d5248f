"""The warnings of the last day, for the page."""

import logging
import time
from collections import OrderedDict
from typing import Any, Dict, List, Tuple

from edge import text
from edge.masking import masked

SECONDS = 86400.0

MOST = 100
MOST_OF_A_PLACE = 10
"""Kept, the newest; so a flood from one place in the code leaves room for others."""

MOST_CHARACTERS = 500


class _Entry:
    """A text, how often it was logged, and when last (monotonic seconds)."""

    def __init__(self, place: Tuple[str, int], level: str) -> None:
        self.place = place
        self.level = level
        self.times = 0
        self.at = 0.0


class Recent(logging.Handler):
    """Keeps what is logged from WARNING on, without passwords."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._entries: "OrderedDict[str, _Entry]" = OrderedDict()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record's text."""
        try:
            said = masked(text.one_line(record.getMessage()))[:MOST_CHARACTERS]
        except Exception:
            self.handleError(record)
            return
        place = (record.pathname, record.lineno)
        entry = self._entries.pop(said, None) or _Entry(place, record.levelname)
        entry.times += 1
        entry.at = time.monotonic()
        self._entries[said] = entry
        alike = [key for key, other in self._entries.items() if other.place == place]
        if len(alike) > MOST_OF_A_PLACE:
            del self._entries[alike[0]]
        if len(self._entries) > MOST:
            self._entries.popitem(last=False)

    def shown(self) -> List[Dict[str, Any]]:
        """Return those of the last SECONDS, the newest first: `text`, `level`, `times`, `age_s`."""
        now = time.monotonic()
        self.acquire()
        try:
            found = list(self._entries.items())
        finally:
            self.release()
        return [
            {
                "text": said,
                "level": entry.level,
                "times": entry.times,
                "age_s": round(now - entry.at, 1),
            }
            for said, entry in reversed(found)
            if now - entry.at < SECONDS
        ]
