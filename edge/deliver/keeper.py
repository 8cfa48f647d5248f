"""What moves messages between the outbox and the store; one thread's."""

import logging
import math
import time
from typing import Callable, Optional

from edge.backoff import Backoff
from edge.deliver.notes import Notes
from edge.deliver.outbox import LOADED, Outbox
from edge.deliver.store import DamagedError, Store, StoreError, set_aside
from edge.metrics import AGED, FULL
from edge.worker import STEP_SECONDS

AGAIN_SECONDS = (1.0, 60.0)
"""A file that cannot be had or written is tried again after so long, at first and at most."""

REMOVE_SECONDS = 1.0
"""What the broker has taken of the stored messages is removed so often."""

AGE_SECONDS = 60.0
"""What has become too old is looked for so often."""

CHUNK = 1000
"""Messages that are looked at to be dropped, at a time."""

_log = logging.getLogger(__name__)


class Keeper:
    """Keeps the messages that wait in a store, and tries again where that cannot be done."""

    def __init__(self, outbox: Outbox, notes: Notes, path: Optional[str]) -> None:
        """Open the store, and set aside what cannot be used as one.

        Args:
            outbox: the Outbox.
            notes: the Notes.
            path: of the store's file; None: nothing is kept on disk.
        """
        self._outbox = outbox
        self._notes = notes
        self._path = path
        self._store: Optional[Store] = None
        self._backoff = Backoff(*AGAIN_SECONDS)
        self._again_at = 0.0
        self._said: Optional[str] = None
        self._remove_at, self._age_at, self._load_at = 0.0, 0.0, 0.0
        self._try(self._open)

    def step(self) -> bool:
        """Do what is due, waiting at most STEP_SECONDS; True if there was something.

        What cannot be written can be read, as a rule, on a full disk say, and so be sent.
        """
        self._outbox.wait(STEP_SECONDS)
        wrote = time.monotonic() >= self._again_at and self._try(self._write)
        if self._store is None or self._again_at:
            self._outbox.drop_new()
        loaded = time.monotonic() >= self._load_at and self._try(self._load)
        return wrote or loaded

    def close(self) -> None:
        """Write what is in memory, and give the file back; the thread has ended."""
        self._try(self._write_all)
        if self._store is not None:
            self._store.close()

    def _try(self, work: Callable[[], bool]) -> bool:
        """Work, and see to it that what went wrong is said once and tried again."""
        try:
            try:
                worked = work()
            except DamagedError as error:
                self._begin_anew(error)
                worked = True
        except StoreError as error:
            self._outbox.can_write(False)
            self._again_at = time.monotonic() + self._backoff.next()
            if str(error) != self._said:
                self._said = str(error)
                _log.error(
                    "outbox: %s; what waits for the broker is held in memory only, and pictures "
                    "wait in their folder; trying again",
                    error,
                )
            return False
        return worked

    def _works(self) -> None:
        """Note that the disk takes what is written."""
        if self._again_at:
            self._again_at = 0.0
            self._backoff.reset()
            self._said = None
            self._outbox.can_write(True)
            _log.info("outbox: %s can be written again", self._path)

    def _open(self) -> bool:
        """Open the store, unless it is open, or there is to be none."""
        if self._store is None and self._path is not None:
            self._store = store = Store(self._path)
            self._notes.load(store.notes())
            self._outbox.opened(store.held, store.last_key)
            if store.held.messages:
                _log.info("outbox: %s: %d messages wait", self._path, store.held.messages)
        return self._store is not None

    def _begin_anew(self, error: DamagedError) -> None:
        """Set aside what is at the store's path, and open a new one."""
        assert self._path is not None
        if self._store is not None:
            self._store.close()
            self._store = None
            self._outbox.lost()
        self._notes.begin_anew()
        name = set_aside(self._path)
        _log.error(
            "outbox: %s; set aside as %s, and a new one is begun; what waits in it is not sent: "
            "`sqlite3 %s .recover` shows it",
            error,
            name,
            name,
        )
        self._open()

    def _write(self) -> bool:
        """Write what has waited, and remove what the broker has."""
        if not self._open():
            return False
        assert self._store is not None
        store, outbox, now = self._store, self._outbox, time.monotonic()
        removed = now >= self._remove_at and self._remove(store, now)
        waiting = outbox.to_keep(now)
        if waiting:
            store.add(waiting)
            outbox.kept(waiting)
            self._drop_full(store)
        noted = self._write_notes(store)
        if now >= self._age_at:
            self._age_at = now + AGE_SECONDS
            self._drop_aged(store)
        worked = bool(waiting) or removed or noted
        if worked:
            self._works()
        return worked

    def _write_all(self) -> bool:
        if self._open():
            assert self._store is not None
            self._remove(self._store, time.monotonic())
            self._write_notes(self._store)
            waiting = self._outbox.to_keep(math.inf)
            if waiting:
                self._store.add(waiting)
                self._outbox.kept(waiting)
        return True

    def _load(self) -> bool:
        """Read what is to be sent next."""
        after = self._outbox.to_load()
        if self._store is None or after is None:
            return False
        self._load_at = time.monotonic() + AGAIN_SECONDS[0]  # if it fails
        self._outbox.loaded(after, self._store.load(after, LOADED))
        self._load_at = 0.0
        return True

    def _remove(self, store: Store, now: float) -> bool:
        self._remove_at = now + REMOVE_SECONDS
        keys = self._outbox.to_remove()
        if keys:
            store.remove(keys)
            self._outbox.removed(keys)
        return bool(keys)

    def _write_notes(self, store: Store) -> bool:
        changes = self._notes.to_write()
        if changes:
            store.write_notes(changes)
            self._notes.written(changes)
        return bool(changes)

    def _drop_full(self, store: Store) -> None:
        """Drop the oldest of what may be dropped, while there is too much."""
        while self._outbox.is_over:
            rows = self._outbox.to_drop(store.droppable(self._outbox.loaded_to, CHUNK))
            if not rows:
                self._outbox.drop_new()
                return
            store.remove(row.key for row in rows)
            self._outbox.dropped(rows, FULL)

    def _drop_aged(self, store: Store) -> None:
        most_seconds = self._outbox.bounds.age_seconds
        while most_seconds:
            rows = store.aged(self._outbox.loaded_to, CHUNK, most_seconds)
            store.remove(row.key for row in rows)
            self._outbox.dropped(rows, AGED)
            if len(rows) < CHUNK:
                return
