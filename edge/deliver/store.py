"""Messages on disk, in SQLite: what outlives an outage of the broker, and the process.

One transaction, and so one wait for the disk, for each call that writes. A file that cannot be used
is set aside, never overwritten.
"""

import errno
import json
import os
import sqlite3
import stat
import time
from contextlib import contextmanager
from typing import (
    Any,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)
from urllib.parse import quote

from edge.deliver.held import Held, held, held_by
from edge.deliver.message import Message
from edge.errors import LabeldError

APPLICATION_ID = 0x6C61626C
"""Marks our files: "labl"."""

FORMAT = 1

LOCKED_SECONDS = 2.0
"""So long another program may hold the file before it is set aside."""

CHECKPOINT_PAGES = 256
"""Of 4 KiB, written ahead before they are moved to their places (SQLite's wal_autocheckpoint)."""

SHRINK_BYTES = 1 << 20
"""An empty file larger than this is made small."""

YEAR_2020 = 1577836800.0
"""A message from before was made while the machine did not know the time: its age is unknown."""

SET_ASIDE = ".set-aside-"
"""Follows the name of a file that is no use, before the moment."""

_SCHEMA = """
CREATE TABLE messages (
    key INTEGER PRIMARY KEY, topic TEXT NOT NULL, payload BLOB NOT NULL, retain INTEGER NOT NULL,
    made REAL NOT NULL, properties TEXT NOT NULL, source TEXT NOT NULL, outcome TEXT, reason TEXT,
    may_drop INTEGER NOT NULL);
CREATE INDEX droppable ON messages (key) WHERE may_drop;
CREATE TABLE held (
    messages INTEGER NOT NULL, bytes INTEGER NOT NULL, droppable INTEGER NOT NULL,
    droppable_bytes INTEGER NOT NULL);
INSERT INTO held VALUES (0, 0, 0, 0);
CREATE TABLE notes (key BLOB PRIMARY KEY, text TEXT NOT NULL);
"""

_COLUMNS = "key, topic, payload, retain, made, properties, source, outcome, reason, may_drop"

_SIZE = "length(CAST(topic AS BLOB)) + length(payload)"


class StoreError(LabeldError):
    """The file cannot be written or read at present; the text says why."""


class DamagedError(StoreError):
    """What is there is no outbox that could be used, now or later."""


class Row(NamedTuple):
    """What is to be known of a message that may be dropped; `size`: in bytes."""

    key: int
    source: str
    size: int


class Store:
    """The messages in one file; for one thread at a time."""

    def __init__(self, path: str) -> None:
        """Open the file, or make it, and lock it for this process.

        Raises:
            DamagedError: what is there must be set aside.
            StoreError: it cannot be had at present.
        """
        self.path = path
        self._wall, self._monotonic = time.time(), time.monotonic()
        _try_file(path)
        with _told(path):
            self._database = sqlite3.connect(
                path,
                LOCKED_SECONDS,
                isolation_level=None,  # transactions are begun and ended in `_transaction`
                check_same_thread=False,  # who starts and ends the thread opens and closes it
            )
        try:
            with _told(path):
                self._prepare()
                self.held = Held(*self._one("SELECT * FROM held"))
                self.last_key = self._one("SELECT max(key) FROM messages")[0] or 0
        except BaseException:
            self._database.close()
            raise

    def _prepare(self) -> None:
        run = self._database.execute
        run("PRAGMA locking_mode = EXCLUSIVE")
        application, version = (
            self._one("PRAGMA application_id")[0],
            self._one("PRAGMA user_version")[0],
        )
        if self._one("SELECT count(*) FROM sqlite_master")[0] == 0:
            run("PRAGMA journal_mode = WAL")
            run("BEGIN IMMEDIATE")
            for statement in _SCHEMA.split(";")[:-1]:
                run(statement)
            run("PRAGMA application_id = {}".format(APPLICATION_ID))
            run("PRAGMA user_version = {}".format(FORMAT))
            run("COMMIT")
        elif (application, version) != (APPLICATION_ID, FORMAT):
            raise DamagedError("{}: it is not an outbox of this labeld".format(self.path))
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        run("PRAGMA wal_autocheckpoint = {}".format(CHECKPOINT_PAGES))
        run("PRAGMA cache_size = -4096")  # KiB
        run("BEGIN IMMEDIATE")  # takes the lock, which is kept until it is closed
        run("COMMIT")

    def close(self) -> None:
        """Give the file back."""
        try:
            with _told(self.path):
                self._database.close()
        except StoreError:
            pass  # what was written is written

    def add(self, messages: Sequence[Tuple[int, Message]]) -> None:
        """Keep messages under their keys; once it returns, a power cut does not lose them."""
        rows = [self._row(key, message) for key, message in messages]
        marks = ", ".join("?" * len(_COLUMNS.split(", ")))
        with self._transaction():
            self._database.executemany(
                "INSERT INTO messages ({}) VALUES ({})".format(_COLUMNS, marks), rows
            )
            self.held = self.held.plus(held_by(message for _, message in messages))

    def load(self, after: int, limit: int) -> List[Tuple[int, Message]]:
        """Return the `limit` oldest messages with keys above `after`, in their order."""
        with _told(self.path):
            found = self._database.execute(
                "SELECT {} FROM messages WHERE key > ? ORDER BY key LIMIT ?".format(_COLUMNS),
                (after, limit),
            )
            return [self._message(*row) for row in found]

    def droppable(self, after: int, limit: int) -> List[Row]:
        """Return the `limit` oldest messages with keys above `after` that may be dropped."""
        with _told(self.path):
            found = self._database.execute(
                "SELECT key, source, {} FROM messages WHERE may_drop AND key > ? "
                "ORDER BY key LIMIT ?".format(_SIZE),
                (after, limit),
            )
            return [Row(*row) for row in found]

    def aged(self, after: int, limit: int, most_seconds: float) -> List[Row]:
        """Return those of `droppable` that are older than `most_seconds`."""
        rows = self.droppable(after, limit)
        if not rows:
            return []
        with _told(self.path):
            found = self._database.execute(
                "SELECT key FROM messages WHERE key BETWEEN ? AND ? AND made BETWEEN ? AND ?",
                (rows[0].key, rows[-1].key, YEAR_2020, self._steady_now() - most_seconds),
            )
            old = {key for (key,) in found}
        return [row for row in rows if row.key in old]

    def remove(self, keys: Iterable[int]) -> None:
        """Forget messages; those that are not there do not matter."""
        with self._transaction():
            for key in keys:
                found = self._one(
                    "SELECT {}, may_drop FROM messages WHERE key = ?".format(_SIZE), (key,)
                )
                if found is not None:
                    self._database.execute("DELETE FROM messages WHERE key = ?", (key,))
                    self.held = self.held.minus(held(*found))
        if self.held.messages == 0 and _size(self.path) > SHRINK_BYTES:
            self._shrink()

    def _shrink(self) -> None:
        """Make an empty file small, if there is room for what that takes."""
        try:
            self._database.execute("VACUUM")
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error:
            pass  # the next time that it is empty

    def notes(self) -> Dict[bytes, str]:
        """Return the notes, by their keys."""
        with _told(self.path):
            return dict(self._database.execute("SELECT key, text FROM notes"))

    def write_notes(self, changes: Mapping[bytes, Optional[str]]) -> None:
        """Write notes; None: there is none any more."""
        with self._transaction():
            for key, text in changes.items():
                if text is None:
                    self._database.execute("DELETE FROM notes WHERE key = ?", (key,))
                else:
                    self._database.execute("REPLACE INTO notes VALUES (?, ?)", (key, text))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        before = self.held
        with _told(self.path):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute(
                    "UPDATE held SET messages = ?, bytes = ?, droppable = ?, droppable_bytes = ?",
                    self.held,
                )
                self._database.execute("COMMIT")
            except BaseException:
                self.held = before
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    def _one(self, query: str, values: Sequence[Any] = ()) -> Any:
        return self._database.execute(query, values).fetchone()

    def _steady_now(self) -> float:
        """Return seconds since 1970 as the machine had it at the start: a clock that is set later
        makes nothing old."""
        return self._wall + time.monotonic() - self._monotonic

    def _row(self, key: int, message: Message) -> Tuple[Any, ...]:
        return (
            key,
            message.topic,
            message.payload,
            message.retain,
            self._wall + message.since - self._monotonic,
            json.dumps(message.user_properties),
            message.source,
            message.outcome,
            message.reason,
            message.may_drop,
        )

    def _message(
        self,
        key: int,
        topic: str,
        payload: bytes,
        retain: int,
        made: float,
        properties: str,
        source: str,
        outcome: Optional[str],
        reason: Optional[str],
        may_drop: int,
    ) -> Tuple[int, Message]:
        now = time.monotonic()
        age = max(0.0, self._steady_now() - made) if made > YEAR_2020 else 0.0
        return key, Message(
            topic,
            bytes(payload),
            bool(retain),
            now - age,
            tuple((name, value) for name, value in json.loads(properties)),
            source,
            outcome,
            reason,
            now - age,
            bool(may_drop),
        )


@contextmanager
def _told(path: str) -> Iterator[None]:
    """Raise what SQLite raises as StoreError, or as DamagedError."""
    try:
        yield
    except sqlite3.OperationalError as error:
        text = "{}: {}".format(path, error)
        if "locked" in str(error):
            raise DamagedError(text + " by another program")
        raise (DamagedError if "no such" in str(error) else StoreError)(text)
    except sqlite3.ProgrammingError:
        raise  # ours to mend
    except (sqlite3.Error, ValueError, TypeError, OverflowError) as error:
        raise DamagedError("{}: {}".format(path, error))


def _try_file(path: str) -> None:
    """Make the file, or see that it can be written; SQLite would not say why it can not."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        found = None
    except OSError as error:
        raise StoreError("{}: {}".format(path, error.strerror))
    if found is not None and not stat.S_ISREG(found.st_mode):
        raise DamagedError("{}: it is no regular file".format(path))
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        refused = found is not None and error.errno in (errno.EACCES, errno.EPERM)
        raise (DamagedError if refused else StoreError)("{}: {}".format(path, error.strerror))


def look(path: str) -> Held:
    """Return what waits in a file, which is neither locked nor changed.

    Raises:
        DamagedError: labeld would set it aside, or holds it now.
        StoreError: it cannot be read.
    """
    with _told(path):
        database = sqlite3.connect(
            "file:{}?mode=ro".format(quote(os.fsencode(path))), LOCKED_SECONDS, uri=True
        )
        try:
            if database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
                return Held()
            return Held(*database.execute("SELECT * FROM held").fetchone())
        finally:
            database.close()


def set_aside(path: str) -> str:
    """Give a file, and what SQLite has beside it, a name of its own; return that.

    Raises:
        StoreError: it cannot be renamed.
    """
    target = path + SET_ASIDE + time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    number = 0
    name = target
    while os.path.lexists(name):
        number += 1
        name = "{}-{}".format(target, number)
    try:
        os.rename(path, name)
        for beside in ("-wal", "-shm", "-journal"):
            if os.path.lexists(path + beside):
                os.rename(path + beside, name + beside)
    except OSError as error:
        raise StoreError("{}: it cannot be set aside: {}".format(path, error.strerror))
    return name


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0
