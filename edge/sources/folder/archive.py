"""How long what was put away is kept: done/ and failed/ of one drop folder."""

import heapq
import os
import stat
import time
from typing import Iterator, List, NamedTuple, Tuple

from edge.config.settings import KeepSettings
from edge.sources.folder.dropped import reached
from edge.sources.folder.names import DONE, FAILED

AGAIN_SECONDS = 60.0
"""So often it is looked at, or so much less often that looking takes a twentieth of the time."""

MOST_AT_ONCE = 10000
"""Files removed at a time: so many names are held."""

DAY_SECONDS = 86400.0
MB = 1000 * 1000


class _Kept(NamedTuple):
    """A file; the time of its last change of place, in ns since 1970, comes first."""

    put_away_ns: int
    size: int
    folder: str
    name: str


class Archive:
    """Removes the oldest of what was put away, beyond an age or a size.

    Of links nothing is removed, nor is done/ or failed/ followed where it is one.
    """

    def __init__(self, path: str, settings: KeepSettings) -> None:
        """Take the drop folder and its KeepSettings; nothing is looked at yet."""
        self._path = path
        self._settings = settings
        self._again_at = 0.0

    def is_due(self, now: float) -> bool:
        """Return True if it is to be looked at, at `now` (monotonic seconds)."""
        bounded = self._settings.days is not None or self._settings.max_mb is not None
        return bounded and now >= self._again_at

    def tidy(self) -> int:
        """Remove what is too old or too much; return how many files that were.

        Raises:
            OSError: one cannot be removed.
        """
        begun = time.monotonic()
        try:
            return self._tidy()
        finally:
            ended = time.monotonic()
            self._again_at = ended + max(AGAIN_SECONDS, 20 * (ended - begun))

    def _tidy(self) -> int:
        sizes: List[int] = []
        oldest = heapq.nsmallest(MOST_AT_ONCE, self._counted(sizes))
        total, removed = sum(sizes), 0
        for kept in oldest:
            if not self._is_old(kept) and not self._is_too_much(total):
                break
            self._remove(kept)
            total -= kept.size
            removed += 1
        return removed

    def _is_old(self, kept: _Kept) -> bool:
        days = self._settings.days
        return days is not None and kept.put_away_ns / 1e9 < time.time() - days * DAY_SECONDS

    def _is_too_much(self, total: int) -> bool:
        max_mb = self._settings.max_mb
        return max_mb is not None and total > max_mb * MB

    def _remove(self, kept: _Kept) -> None:
        below = os.path.relpath(kept.folder, self._path).split(os.sep)
        try:
            with reached(self._path, below) as folder:
                os.unlink(kept.name, dir_fd=folder)
        except FileNotFoundError:
            pass  # somebody else has

    def _counted(self, sizes: List[int]) -> Iterator[_Kept]:
        """Yield each file, and add its size."""
        for top in (DONE, FAILED):
            for folder, _, names, handle in os.fwalk(os.path.join(self._path, top)):
                for name, facts in _files(names, handle):
                    sizes.append(facts.st_size)
                    yield _Kept(facts.st_ctime_ns, facts.st_size, folder, name)


def _files(names: List[str], handle: int) -> Iterator[Tuple[str, os.stat_result]]:
    for name in names:
        try:
            facts = os.stat(name, dir_fd=handle, follow_symlinks=False)
        except FileNotFoundError:
            continue
        if stat.S_ISREG(facts.st_mode):
            yield name, facts
