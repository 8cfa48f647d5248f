"""Which files of a drop folder are whole, from what was seen of them; no clock, no disk."""

from typing import Dict, List, Mapping, NamedTuple, Set, Tuple

SETTLED_SECONDS = 2.0
"""How long a file that was found by looking must stand still."""

WRITER_SECONDS = 600.0
"""How long to wait for the closing of a file that was seen being written."""


class Listed(NamedTuple):
    """A file as a look at the folder finds it."""

    size: int
    changed_ns: int


class Arrivals:
    """Turns looks at the folder and changes in it into names that may be taken."""

    def __init__(self) -> None:
        self._looks: Dict[str, Tuple[Tuple[int, int], float]] = {}
        self._writing: Dict[str, float] = {}
        self._closed: Set[str] = set()
        self._ready: Dict[str, None] = {}

    def written(self, name: str, now: float) -> None:
        """Note that the file, or its times or mode, were changed, at `now` (monotonic seconds).

        Before it was closed somebody is writing to it. After that it may be a sender setting the
        file's time, as unzip does: it need only stand still.
        """
        if name not in self._closed:
            self._writing[name] = now
        self._ready.pop(name, None)

    def closed(self, name: str, size: int) -> None:
        """Note that the file was closed after writing, or renamed into place, with `size` bytes.

        An empty one may be a placeholder: like a file found by looking, it must stand still.
        """
        self._writing.pop(name, None)
        self._closed.add(name)
        if size:
            self._ready[name] = None

    def look(self, listing: Mapping[str, Listed], now: float) -> None:
        """Compare the folder with the last look.

        Args:
            listing: {name: Listed} of the files that have not been taken.
            now: monotonic seconds.
        """
        self._writing = {
            name: since for name, since in self._writing.items() if now - since < WRITER_SECONDS
        }
        known = self._closed.union(self._looks, self._ready)
        for gone in known.difference(listing, self._writing):
            self._forget(gone)
        for name in sorted(listing, key=lambda name: listing[name].changed_ns):
            size, changed_ns = listing[name]
            facts, since = self._looks.get(name, (None, now))
            if facts != (size, changed_ns):
                self._looks[name] = ((size, changed_ns), now)
                since = now
            # by our own clock: a sender sets the file's time as it likes
            if now - since >= SETTLED_SECONDS and name not in self._writing:
                self._ready.setdefault(name)

    def is_settling(self) -> bool:
        """Return True if another look is all that some file waits for."""
        return bool(self._looks.keys() - self._ready.keys() - self._writing.keys())

    def take(self) -> List[str]:
        """Return the names that are ready, oldest first, and forget them."""
        names = list(self._ready)
        for name in names:
            self._forget(name)
        return names

    def _forget(self, name: str) -> None:
        self._looks.pop(name, None)
        self._writing.pop(name, None)
        self._closed.discard(name)
        self._ready.pop(name, None)
