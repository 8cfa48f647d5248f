"""A look through a drop folder."""

import os
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from edge.sources.folder.arrivals import Listed
from edge.sources.folder.dropped import is_taken
from edge.sources.folder.names import DONE, FAILED, Names

DEEPEST = 32
"""Folders within folders; deeper ones are not looked at."""

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
"""By which a folder is seen to hold pictures; files of any name are taken."""


MOST_KNOWN = 10000
"""Sub-folders, and what is no file, that are remembered as told."""


class Listing(NamedTuple):
    """What was found.

    Attributes:
        files: {path within the folder: Listed}.
        unseen: the sub-folders that were not looked into, each once.
        others: what is neither file nor folder nor link, such as a socket, each once.
    """

    files: Dict[str, Listed]
    unseen: List[str]
    others: List[str]


class Looker:
    """Looks through one drop folder, again and again."""

    def __init__(
        self, path: str, names: Names, recursive: bool, is_busy: Callable[[str], bool]
    ) -> None:
        """Look at nothing yet.

        Args:
            path: the folder.
            names: which names are taken.
            recursive: whether sub-folders are looked into.
            is_busy: tells which whole paths are left out.
        """
        self._path = path
        self._names = names
        self._recursive = recursive
        self._is_busy = is_busy
        self._known: Set[Tuple[str, int]] = set()

    def look(self) -> Listing:
        """Look; raises OSError if the folder itself cannot be read."""
        found, unseen, others = {}, [], []
        for name, entry in self._entries("", 0):
            if entry.is_dir(follow_symlinks=False):
                if self._holds_news(entry):
                    unseen.append(name)
                continue
            if self._is_busy(entry.path):
                continue
            facts = _stat(entry)
            if facts is not None and is_taken(facts):
                found[name] = Listed(facts.st_size, facts.st_mtime_ns)
            elif facts is not None and self._is_new(entry.path):
                others.append(name)
        return Listing(found, unseen, others)

    def _entries(self, below: str, depth: int) -> Iterator[Tuple[str, os.DirEntry]]:
        """Yield (path within the folder, entry) of files, and of folders not looked into."""
        with os.scandir(os.path.join(self._path, below)) as entries:
            for entry in entries:
                name = os.path.join(below, entry.name)
                if not self._names.takes(name):
                    continue
                if not entry.is_dir(follow_symlinks=False):
                    yield name, entry
                elif depth == 0 and entry.name in (DONE, FAILED):
                    continue
                elif self._recursive and depth < DEEPEST:
                    try:
                        yield from self._entries(name, depth + 1)
                    except (FileNotFoundError, NotADirectoryError, PermissionError):
                        continue  # gone since, or not ours
                else:
                    yield name, entry

    def _is_new(self, path: str) -> bool:
        """Return True the first time; of very many, not each is remembered, nor told."""
        if (path, 0) in self._known or len(self._known) >= MOST_KNOWN:
            return False
        self._known.add((path, 0))
        return True

    def _holds_news(self, folder: os.DirEntry) -> bool:
        """Return True the first time that a folder is seen to hold pictures."""
        facts = _stat(folder)
        if facts is None or (folder.path, 0) in self._known or len(self._known) >= MOST_KNOWN:
            return False
        mark = (folder.path, facts.st_mtime_ns)
        if mark in self._known:
            return False
        self._known.add(mark)
        try:
            with os.scandir(folder.path) as entries:
                found = any(entry.name.lower().endswith(PICTURES) for entry in entries)
        except OSError:
            return False
        if found:
            self._known.add((folder.path, 0))
        return found


def _stat(entry: os.DirEntry) -> Optional[os.stat_result]:
    try:
        return entry.stat(follow_symlinks=False)
    except OSError:
        return None  # gone since
