"""Which files are under way, whichever source took them."""

import threading


class Claims:
    """The paths of the files that were taken from drop folders and not put away yet.

    Two sources may have one folder for a while, the former and the present one: neither takes what
    the other has. Safe for use from several threads.

    Attributes:
        moving: a lock for whoever looks for an unused name and then moves a file there.
    """

    def __init__(self):
        self.moving = threading.Lock()
        self._lock = threading.Lock()
        self._paths = set()

    def take(self, path):
        """Claim a path; return False if it is claimed already."""
        with self._lock:
            if path in self._paths:
                return False
            self._paths.add(path)
            return True

    def give_back(self, path):
        with self._lock:
            self._paths.discard(path)

    def __contains__(self, path):
        with self._lock:
            return path in self._paths
