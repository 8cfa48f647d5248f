"""What is being decoded, on disk, so that a picture that ends the process does so twice at most.

Decoders are large libraries of C: a picture may end the process in them, or have the system end it
for want of memory. What is in hand stands in a file that is mapped into memory: noting it is one
store, and outlives the process. What stands there at the start was in hand when the process ended.
Such a picture is then decoded alone: if it ends the process again, it is known to be the one.
"""

import errno
import fcntl
import mmap
import os
import threading
from collections import Counter
from contextlib import contextmanager
from typing import Any, Iterator, List, Optional

from edge.errors import LabeldError

MOST_ENDS = 2
"""So often a picture may be in hand at an unexpected end before it is set aside."""

HANDS = 64
"""Pictures that may be in hand at a time; of more, some would not be noted."""

REMEMBERED = 64
"""Ends of former pictures that are remembered, the latest."""

KEY_BYTES = 32
"""A key is an event's id: 128 bits in hex."""

ALONE_SECONDS = 30.0
"""So long one waits at most until no other is in hand."""

_FREE = b"\0" * KEY_BYTES


class InHandError(LabeldError):
    """The file cannot be used; the text says why."""


class TakenError(InHandError):
    """Another process has the file."""


class InHand:
    """Which pictures are being decoded, and which were when the process ended unexpectedly.

    Safe for use from several threads.
    """

    def __init__(self, path: Optional[str] = None) -> None:
        """Open the file, and make one if there is none.

        Args:
            path: of the file; None: nothing is remembered.

        Raises:
            TakenError: another process has it.
            InHandError: it cannot be had.
        """
        size = (HANDS + REMEMBERED) * KEY_BYTES
        self._file = None if path is None else _opened(path, size)
        self._map: Any = bytearray(size)
        if self._file is not None:
            self._map = mmap.mmap(self._file.fileno(), size)
        self._changed = threading.Condition()
        self._held = 0
        self._alone = False
        keys = [key for key in map(self._get, range(HANDS + REMEMBERED)) if key != _FREE]
        self._write(REMEMBERED, HANDS, keys)
        self._write(HANDS, 0, [])
        self._ends = Counter(keys[:REMEMBERED])

    def close(self) -> None:
        """Give the file back; nothing is in hand any more."""
        if self._file is not None:
            self._map.close()
            self._file.close()

    def ends(self, key: str) -> int:
        """Return how often a picture was in hand when the process ended unexpectedly."""
        return self._ends[key.encode("ascii")]

    @contextmanager
    def holding(self, key: str) -> Iterator[None]:
        """Note that a picture is in hand; it goes on to be so noted if that ends by an exception.

        One that was in hand at an unexpected end has the process to itself.
        """
        code = key.encode("ascii")
        alone = self._ends[code] > 0
        with self._changed:
            self._changed.wait_for(
                lambda: not self._alone and not (alone and self._held), ALONE_SECONDS
            )
            self._alone = self._alone or alone
            self._held += 1
            place = next((at for at in range(HANDS) if self._get(at) == _FREE), None)
            if place is not None:
                self._put(place, code)
        try:
            yield
            if place is not None:
                self._put(place, _FREE)
        finally:
            with self._changed:
                self._held -= 1
                if alone:
                    self._alone = False
                self._changed.notify_all()

    def note_end(self, key: str) -> None:
        """Note that a picture's decoding ended for want of memory: the next time, it is alone."""
        with self._changed:
            self._ends[key.encode("ascii")] += 1
            while len(self._ends) > REMEMBERED:
                del self._ends[next(iter(self._ends))]
            self._write(REMEMBERED, HANDS, list(self._ends.elements()))

    def forget(self, key: str) -> None:
        """Hold nothing more against a picture: it is decoded."""
        code = key.encode("ascii")
        if self._ends[code]:
            with self._changed:
                del self._ends[code]
                self._write(REMEMBERED, HANDS, list(self._ends.elements()))

    def _write(self, count: int, first: int, keys: List[bytes]) -> None:
        for number in range(count):
            self._put(first + number, keys[number] if number < len(keys) else _FREE)

    def _get(self, place: int) -> bytes:
        return bytes(self._map[place * KEY_BYTES : (place + 1) * KEY_BYTES])

    def _put(self, place: int, key: bytes) -> None:
        self._map[place * KEY_BYTES : (place + 1) * KEY_BYTES] = key


def _opened(path: str, size: int) -> Any:
    """Return the file, of its size, and locked."""
    try:
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        file = os.fdopen(number, "r+b", buffering=0)
    except OSError as error:
        raise InHandError("{}: {}".format(path, error.strerror))
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(file.fileno()).st_size != size:
            file.truncate(0)
        os.posix_fallocate(file.fileno(), 0, size)  # a full disk is told here, not by SIGBUS
    except OSError as error:
        file.close()
        if error.errno == errno.EWOULDBLOCK:
            raise TakenError("{}: another labeld has it".format(path))
        raise InHandError("{}: {}".format(path, error.strerror))
    return file
