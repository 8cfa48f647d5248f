"""The drop folder: a picture put into it is classified once and then moved out of the way.

Files are taken when they are closed after writing or renamed into place (inotify). The folder is
also looked through every second or so, for what inotify does not tell: files that were there at
the start, links, lost events, and all files on file systems without inotify.
"""

import logging
import os
import stat
import threading
import time
from typing import Callable, Dict, Iterator, Optional, Tuple

from edge.config.settings import FolderSettings
from edge.decide.news import Policy
from edge.errors import PictureError
from edge.frame import Frame, readable_name
from edge.sources.folder import watch
from edge.sources.folder.arrivals import Arrivals, Listed
from edge.sources.folder.in_flight import InFlight
from edge.sources.source import Source
from edge.sources.state import SourceState
from edge.worker import STEP_SECONDS

DONE, FAILED = "done", "failed"
UNFINISHED = (".part", ".tmp")
LOOK_SECONDS = 1.0
MAX_BYTES = 100 * 1024 * 1024

_Facts = Tuple[int, int, int]
"""A file's inode, size in bytes and time of change in ns: another one is another file."""

_log = logging.getLogger(__name__)


class FolderSource(Source):
    """The source for one drop folder."""

    def __init__(
        self, settings: FolderSettings, device: str, state: SourceState, in_flight: InFlight
    ) -> None:
        """Make the source; nothing is read or watched before `frames` runs.

        Args:
            settings: its FolderSettings.
            device: the device's name.
            state: its SourceState.
            in_flight: the files in flight of all folders.
        """
        self.name = settings.name
        self._path = settings.path
        self._delete = settings.after == "delete"
        self._how = settings.watch
        self._device = device
        self._policy = Policy(settings.threshold, retain=False, changes=None)
        self._state = state
        self._in_flight = in_flight

    def frames(self, stop: threading.Event) -> Iterator[Optional[Frame]]:
        """Yield the files; what is not taken, or not settled, at the end stays in the folder."""
        while not stop.is_set():
            try:
                yield from self._watched(stop)
            except OSError as error:
                self._state.stale("{}; create or mount it: trying again".format(error))
                stop.wait(STEP_SECONDS)
                yield None

    def _watched(self, stop: threading.Event) -> Iterator[Optional[Frame]]:
        for name in (DONE, FAILED):
            self._make(name)
        arrivals = Arrivals()
        with watch.changes(self._path, self._how) as changes:
            next_look = 0.0
            while not stop.is_set():
                now = time.monotonic()
                if now >= next_look:
                    arrivals.look(self._listing(), now)
                    next_look = now + max(LOOK_SECONDS, 10 * (time.monotonic() - now))
                    self._state.live()
                for name in arrivals.take():
                    yield self._frame(name)
                    if stop.is_set():
                        return
                for what, name in changes(STEP_SECONDS):
                    self._note(arrivals, what, name)
                yield None

    def _make(self, name: str) -> None:
        """Make a folder inside the drop folder, which itself must be there (or mounted)."""
        try:
            os.mkdir(os.path.join(self._path, name))
        except FileExistsError:
            pass

    def _note(self, arrivals: Arrivals, what: str, name: str) -> None:
        if not is_candidate(name):
            return
        if what == watch.WRITTEN:
            arrivals.written(name, time.monotonic())
        else:
            arrivals.closed(name, _size(os.path.join(self._path, name)))

    def _listing(self) -> Dict[str, Listed]:
        """Return what `Arrivals.look` wants to know of the files not taken."""
        found, now = {}, time.time()
        with os.scandir(self._path) as entries:
            for entry in entries:
                if not is_candidate(entry.name) or entry.path in self._in_flight:
                    continue
                try:
                    facts = entry.stat()
                except OSError:
                    continue  # gone since, or a dangling link
                if stat.S_ISREG(facts.st_mode):
                    age = now - facts.st_mtime
                    found[entry.name] = Listed(facts.st_size, facts.st_mtime_ns, age)
        return found

    def _frame(self, name: str) -> Optional[Frame]:
        """Return the Frame for a file, or None if it is in flight, gone or no file."""
        path = os.path.join(self._path, name)
        try:
            facts = os.stat(path)
        except OSError:
            return None
        if not stat.S_ISREG(facts.st_mode) or not self._in_flight.add(path):
            return None
        file = _DroppedFile(path, _facts(facts), self._put_away)
        return Frame(
            device=self._device,
            source=self.name,
            image=readable_name(name),
            captured_at=facts.st_mtime,
            arrived=time.monotonic(),
            read=file.read,
            settle=file.settle,
            policy=self._policy,
        )

    def _put_away(self, path: str, facts: _Facts, reason: Optional[str]) -> None:
        """Move or delete a file; one that was replaced on the way stays, to be classified too."""
        try:
            if facts == _facts(os.stat(path)):
                self._dispose(path, reason)
        except FileNotFoundError:
            pass
        except OSError as error:
            _log.error(
                "source %s: %s was delivered and cannot be put away: %s; it is left alone until "
                "the daemon starts again",
                self.name,
                path,
                error,
            )
            return
        self._in_flight.remove(path)

    def _dispose(self, path: str, reason: Optional[str]) -> None:
        if reason is None and self._delete:
            os.unlink(path)
            return
        with self._in_flight.moving:
            target = _unused(os.path.join(self._path, DONE if reason is None else FAILED), path)
            os.rename(path, target)
        if reason is not None:
            with open(target + ".error", "w", encoding="utf-8") as file:
                file.write(reason + "\n")


class _DroppedFile:
    """A file under way, and what it was when it was read."""

    def __init__(
        self, path: str, facts: _Facts, put_away: Callable[[str, _Facts, Optional[str]], None]
    ) -> None:
        self._path = path
        self._facts = facts
        self._put_away = put_away

    def read(self) -> bytes:
        """Return the file's bytes; raises OSError, or PictureError if it is too large."""
        with open(self._path, "rb") as file:
            facts = os.fstat(file.fileno())
            self._facts = _facts(facts)
            if facts.st_size > MAX_BYTES:
                raise PictureError(
                    "it has {} bytes; at most {} are read".format(facts.st_size, MAX_BYTES)
                )
            return file.read()

    def settle(self, reason: Optional[str]) -> None:
        """Put it away; `reason`: why it could not be classified, or None."""
        self._put_away(self._path, self._facts, reason)


def _facts(found: os.stat_result) -> _Facts:
    return found.st_ino, found.st_size, found.st_mtime_ns


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def is_candidate(name: str) -> bool:
    """Return True if a file of such a name is taken."""
    return not name.startswith(".") and not name.lower().endswith(UNFINISHED)


def _unused(folder: str, path: str) -> str:
    """Return a path in `folder` for the file at `path` that nothing has taken."""
    stem, extension = os.path.splitext(os.path.basename(path))
    number = 0
    while True:
        suffix = "-{}".format(number) if number else ""
        target = os.path.join(folder, stem + suffix + extension)
        if not os.path.lexists(target):
            return target
        number += 1
