"""What else is to be remembered over a restart, beside messages."""

import threading
from typing import Dict, List, Mapping, Optional, Tuple


class Notes:
    """Texts under keys, which the Keeper writes to disk. Safe for use from several threads."""

    def __init__(self) -> None:
        """Begin with none."""
        self._lock = threading.Lock()
        self._notes: Dict[bytes, str] = {}
        self._changed: Dict[bytes, Optional[str]] = {}

    def set(self, key: bytes, text: str) -> None:
        """Remember a text."""
        with self._lock:
            self._notes[key] = self._changed[key] = text

    def drop(self, key: bytes) -> None:
        """Remember it no more; one that is not there does not matter."""
        with self._lock:
            if self._notes.pop(key, None) is not None:
                self._changed[key] = None

    def items(self) -> List[Tuple[bytes, str]]:
        """Return what is remembered, as (key, text)."""
        with self._lock:
            return list(self._notes.items())

    # What the Keeper calls

    def load(self, notes: Mapping[bytes, str]) -> None:
        """Take what is on disk, but for what is known better."""
        with self._lock:
            for key, text in notes.items():
                if key not in self._changed:
                    self._notes.setdefault(key, text)

    def to_write(self) -> Dict[bytes, Optional[str]]:
        """Return what has changed since `written`: the text, or None where there is none now."""
        with self._lock:
            return dict(self._changed)

    def written(self, changes: Mapping[bytes, Optional[str]]) -> None:
        """Note that these are on disk."""
        with self._lock:
            for key, text in changes.items():
                if self._changed.get(key, "") == text:
                    del self._changed[key]

    def begin_anew(self) -> None:
        """Have all of them written again: the disk has none."""
        with self._lock:
            self._changed = dict(self._notes)
