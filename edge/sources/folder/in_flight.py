"""Which files are in flight, whichever source took them, and which cannot be put away yet."""

import json
import os
import threading
from typing import List, Set, Tuple

from edge.deliver.notes import Notes
from edge.frame import readable_name
from edge.sources.folder.shelf import Settled


class InFlight:
    """The paths of the files that were taken from drop folders and not put away yet.

    Two sources may have one folder for a while, the former and the present one: neither takes what
    the other has. Safe for use from several threads.

    Attributes:
        moving: a lock for whoever looks for an unused name and then moves a file there.
    """

    def __init__(self, notes: Notes) -> None:
        """Take what could not be put away before the process ended, from the notes."""
        self.moving = threading.Lock()
        self._lock = threading.Lock()
        self._notes = notes
        self._settled = {
            os.fsdecode(path): _read(text)
            for path, text in notes.items()
            if path.startswith(b"/")  # others note something else
        }
        self._paths: Set[str] = set(self._settled)

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
            if self._settled.pop(path, None) is not None:
                self._notes.drop(os.fsencode(path))

    def keep(self, path: str, settled: Settled) -> None:
        """Note that a file was settled, and cannot be put away now."""
        with self._lock:
            if path not in self._settled:
                self._notes.set(os.fsencode(path), json.dumps(settled))
            self._settled[path] = settled

    def kept(self, folder: str) -> List[Tuple[str, Settled]]:
        """Return (path, Settled) of those in a folder, however deep."""
        with self._lock:
            return [item for item in self._settled.items() if item[0].startswith(folder + "/")]

    @property
    def troubles(self) -> List[str]:
        """A line for whoever asks whether all is well: how many files cannot be put away."""
        with self._lock:
            first = next(iter(self._settled), None)
            if first is None:
                return []
            return [
                "{} files were delivered and cannot be put away, such as {}".format(
                    len(self._settled), readable_name(first)
                )
            ]

    def __contains__(self, path: str) -> bool:
        with self._lock:
            return path in self._paths


def _read(text: str) -> Settled:
    """Return the Settled that a note holds."""
    facts, reason, delete = json.loads(text)
    return Settled((facts[0], facts[1], facts[2]), reason, delete)
