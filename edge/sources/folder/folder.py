"""The drop folder: a picture put into it is classified once and then moved out of the way.

Files are taken when they are closed after writing or renamed into place (inotify). The folder is
also looked through every second or so, for what inotify does not tell: files that were there at
the start, lost events, and all files on file systems without inotify.
"""

import errno
import logging
import os
import threading
import time
from functools import partial
from typing import Iterator, Optional

from edge.config.settings import FolderSettings
from edge.decide.news import Policy
from edge.frame import Frame, readable_name
from edge.metrics import Metrics
from edge.sources.folder import watch
from edge.sources.folder.archive import Archive
from edge.sources.folder.arrivals import Arrivals
from edge.sources.folder.dropped import DroppedFile, is_taken
from edge.sources.folder.in_flight import InFlight
from edge.sources.folder.listing import Looker
from edge.sources.folder.names import Names
from edge.sources.folder.shelf import Settled, Shelf, facts_of
from edge.sources.folder.trouble import Trouble
from edge.sources.source import Source
from edge.sources.state import SourceState
from edge.worker import STEP_SECONDS

LOOK_SECONDS = 1.0

SELDOM, SETTLING = 10, 2
"""A look at very many files may take one second of so many; of fewer where files wait for it."""

_log = logging.getLogger(__name__)


class FolderSource(Source):
    """The source for one drop folder."""

    def __init__(
        self,
        settings: FolderSettings,
        device: str,
        state: SourceState,
        metrics: Metrics,
        in_flight: InFlight,
    ) -> None:
        """Make the source; nothing is read or watched before `frames` runs.

        Args:
            settings: its FolderSettings.
            device: the device's name.
            state: its SourceState.
            metrics: the Metrics.
            in_flight: the files in flight of all folders.
        """
        self.name = settings.name
        self._path = settings.path
        self._settings = settings
        self._device = device
        self._policy = Policy(settings.threshold, picture=settings.publish_picture)
        self._state = state
        self._metrics = metrics
        self._in_flight = in_flight
        self._names = Names(settings.ignore)
        self._shelf = Shelf(settings.path, in_flight.moving)
        self._archive = Archive(settings.path, settings.keep)
        self._reading, self._putting_away = Trouble(), Trouble()
        self._looker = Looker(
            settings.path, self._names, settings.recursive, in_flight.__contains__
        )

    def frames(self, stop: threading.Event) -> Iterator[Optional[Frame]]:
        """Yield the files; what is not taken, or not settled, at the end stays in the folder."""
        while not stop.is_set():
            try:
                yield from self._watched(stop)
            except OSError as error:
                missing = error.errno in (errno.ENOENT, errno.ENOTDIR)
                advice = "create or mount it: " if missing else ""
                self._state.stale("{}; {}trying again".format(error, advice))
                stop.wait(STEP_SECONDS)
                yield None

    def _watched(self, stop: threading.Event) -> Iterator[Optional[Frame]]:
        self._shelf.prepare()
        arrivals = Arrivals()
        settings = self._settings
        with watch.changes(self._path, settings.watch, settings.recursive) as changes:
            next_look = 0.0
            while not stop.is_set():
                now = time.monotonic()
                if now >= next_look:
                    self._look(arrivals, now)
                    seldom = SETTLING if arrivals.is_settling() else SELDOM
                    next_look = now + max(LOOK_SECONDS, seldom * (time.monotonic() - now))
                for name in arrivals.take() if self._reading.is_due(now) else ():
                    yield self._frame(name)
                    if stop.is_set():
                        return
                for what, name in changes(STEP_SECONDS):
                    self._note(arrivals, what, name)
                yield None

    def _look(self, arrivals: Arrivals, now: float) -> None:
        """Look through the folder, and try again what could not be done."""
        listing = self._looker.look()
        arrivals.look(listing.files, now)
        for name in listing.unseen:
            _log.warning(
                "source %s: %s has pictures in its sub-folder %s, which is not looked into: set "
                "recursive: true",
                self.name,
                self._path,
                name,
            )
        for name in listing.others:
            _log.warning(
                "source %s: %s is neither file nor folder; left alone",
                self.name,
                readable_name(os.path.join(self._path, name)),
            )
        if self._putting_away.is_due(now):
            for path, settled in self._in_flight.kept(self._path):
                self._put_away(path, settled)
        if self._archive.is_due(now):
            self._tidy()
        reason = self._reading.reason or self._putting_away.reason
        if reason is None:
            self._state.live()
        else:
            self._state.stale(reason)

    def _tidy(self) -> None:
        """Remove what is kept no longer; what cannot be stays, and nothing else waits for it."""
        try:
            self._metrics.removed(self.name, self._archive.tidy())
        except OSError as error:
            _log.warning("source %s: keep: cannot remove %s; trying on", self.name, error)

    def _note(self, arrivals: Arrivals, what: str, name: str) -> None:
        if not self._names.takes(name):
            return
        if what == watch.WRITTEN:
            arrivals.written(name, time.monotonic())
        else:
            arrivals.closed(name, _size(os.path.join(self._path, name)))

    def _frame(self, name: str) -> Optional[Frame]:
        """Return the Frame for a file, or None if it is in flight, gone or no file."""
        path = os.path.join(self._path, name)
        try:
            facts = os.lstat(path)
        except OSError:
            return None
        if not is_taken(facts) or not self._in_flight.add(path):
            return None
        file = DroppedFile(self._path, name, facts_of(facts))
        return Frame(
            device=self._device,
            source=self.name,
            image=readable_name(name),
            captured_at=facts.st_mtime,
            arrived=time.monotonic(),
            read=partial(self._read, file),
            settle=partial(self._settle, file),
            postpone=partial(self._postpone, file),
            policy=self._policy,
        )

    def _read(self, file: DroppedFile) -> bytes:
        data = file.read()
        self._reading.worked()
        return data

    def _postpone(self, file: DroppedFile, reason: str) -> None:
        """Leave a file to be taken again: this machine cannot read it now."""
        self._reading.failed("cannot read {}: {}".format(file.path, reason))
        self._in_flight.remove(file.path)

    def _settle(self, file: DroppedFile, reason: Optional[str]) -> None:
        delete = self._settings.after == "delete"
        self._put_away(file.path, Settled(file.facts, reason, delete))

    def _put_away(self, path: str, settled: Settled) -> None:
        """Move or delete a file; one that was replaced on the way stays, to be classified too."""
        try:
            self._shelf.put(os.path.relpath(path, self._path), settled)
        except OSError as error:
            self._in_flight.keep(path, settled)
            self._putting_away.failed(
                "{} was delivered and cannot be put away: {}; trying again".format(path, error)
            )
            return
        self._in_flight.remove(path)
        self._putting_away.worked()


def _size(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0
