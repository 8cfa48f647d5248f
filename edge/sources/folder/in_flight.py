"""Which files are in flight, whichever source took them, and which cannot be put away yet."""

import threading
from typing import Dict, List, Set, Tuple

from edge.sources.folder.shelf import Settled


class InFlight:
    """The paths of the files that were taken from drop folders and not put away yet.

    Two sources may have one folder for a while, the former and the present one: neither takes what
    the other has. Safe for use from several threads.

    Attributes:
        moving: a lock for whoever looks for an unused name and then moves a file there.
    """

    def __init__(self) -> None:
        self.moving = threading.Lock()
        self._lock = threading.Lock()
        self._paths: Set[str] = set()
        self._settled: Dict[str, Settled] = {}

    def add(self, path: str) -> bool:
        """Note that a file is taken; return False if it is in flight already."""
        with self._lock:
            if path in self._paths:
                return False
            self._paths.add(path)
            return True

    def remove(self, path: str) -> None:
        """Note that a file has been put away, or left to be taken again."""
        with self._lock:
            self._paths.discard(path)
            self._settled.pop(path, None)

    def keep(self, path: str, settled: Settled) -> None:
        """Note that a file was settled, and cannot be put away now."""
        with self._lock:
            self._settled[path] = settled

    def kept(self, folder: str) -> List[Tuple[str, Settled]]:
        """Return (path, Settled) of those in a folder, however deep."""
        with self._lock:
            return [item for item in self._settled.items() if item[0].startswith(folder + "/")]

    def __contains__(self, path: str) -> bool:
        with self._lock:
            return path in self._paths
