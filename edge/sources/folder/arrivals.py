"""Which files of a drop folder are whole, from what was seen of them; no clock, no disk."""

SETTLED_SECONDS = 2.0
"""How long a file that was found by looking must stand still."""

OLD_SECONDS = 60.0
"""A file not written to for so long is whole at first sight."""

WRITER_SECONDS = 600.0
"""How long to wait for the closing of a file that was seen being written."""


class Arrivals:
    """Turns looks at the folder and changes in it into names that may be taken."""

    def __init__(self):
        self._seen = {}
        self._writing = {}
        self._closed = set()
        self._ready = {}

    def written(self, name, now):
        """Note that the file, or its times or mode, were changed, at `now` (monotonic seconds).

        Before it was closed somebody is writing to it. After that it may be a sender setting the
        file's time, as unzip does: it need only stand still.
        """
        if name not in self._closed:
            self._writing[name] = now
        self._ready.pop(name, None)

    def closed(self, name, size):
        """Note that the file was closed after writing, or renamed into place, with `size` bytes.

        An empty one may be a placeholder: like a file found by looking, it must stand still.
        """
        self._writing.pop(name, None)
        self._closed.add(name)
        if size:
            self._ready[name] = None

    def look(self, listing, now):
        """Compare the folder with the last look.

        Args:
            listing: {name: (size in bytes, time of last change in ns, its age in seconds)} of
                the files that have not been taken.
            now: monotonic seconds.
        """
        self._writing = {
            name: since for name, since in self._writing.items() if now - since < WRITER_SECONDS
        }
        known = self._closed.union(self._seen, self._ready)
        for gone in known.difference(listing, self._writing):
            self._forget(gone)
        for name in sorted(listing, key=lambda name: listing[name][1]):
            size, changed, age = listing[name]
            facts, since = self._seen.get(name, (None, now))
            if facts != (size, changed):
                self._seen[name] = ((size, changed), now)
                since = now
            still = now - since >= SETTLED_SECONDS or (age >= OLD_SECONDS and facts is None)
            if still and name not in self._writing:
                self._ready.setdefault(name)

    def take(self):
        """Return the names that are ready, oldest first, and forget them."""
        names = list(self._ready)
        for name in names:
            self._forget(name)
        return names

    def _forget(self, name):
        self._seen.pop(name, None)
        self._writing.pop(name, None)
        self._closed.discard(name)
        self._ready.pop(name, None)
