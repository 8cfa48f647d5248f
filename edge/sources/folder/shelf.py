"""Where files of a drop folder go: done/, failed/ with a note of the reason, or away."""

import errno
import os
import shutil
import threading
from typing import NamedTuple, Optional, Tuple

from edge.sources.folder.names import DONE, FAILED

NOTE = ".error"
"""What is added to a failed file's name for the note of its reason."""

LONGEST = 255
"""Bytes of a file name, on Linux's file systems (NAME_MAX)."""

LONGEST_EXTENSION = 16
"""Signs; what is longer is no extension."""

Facts = Tuple[int, int, int]
"""A file's inode, size in bytes and time of change in ns: another one is another file."""


def facts_of(found: os.stat_result) -> Facts:
    """Return the Facts of a file."""
    return found.st_ino, found.st_size, found.st_mtime_ns


class Settled(NamedTuple):
    """A file that is to be put away.

    Attributes:
        facts: what it was when it was read: one that was replaced since stays.
        reason: why it could not be classified, or None.
        delete: whether it is deleted if it could.
    """

    facts: Facts
    reason: Optional[str]
    delete: bool


class Shelf:
    """Puts the files of one drop folder away."""

    def __init__(self, path: str, moving: threading.Lock) -> None:
        """Take the drop folder, and a lock for whoever looks for a free name there."""
        self._path = path
        self._moving = moving

    def prepare(self) -> None:
        """Make done/ and failed/, in a drop folder that must be there (or mounted)."""
        for name in (DONE, FAILED):
            try:
                os.mkdir(os.path.join(self._path, name))
            except FileExistsError:
                pass

    def put(self, name: str, settled: Settled) -> None:
        """Put a file away; raises OSError if that cannot be done now.

        Args:
            name: its path within the drop folder.
            settled: the Settled.
        """
        path = os.path.join(self._path, name)
        try:
            if facts_of(os.lstat(path)) != settled.facts:
                return
            if settled.reason is None and settled.delete:
                os.unlink(path)
                return
        except FileNotFoundError:
            return
        folder = os.path.join(
            self._path, DONE if settled.reason is None else FAILED, os.path.dirname(name)
        )
        os.makedirs(folder, exist_ok=True)
        with self._moving:
            target = _unused(folder, os.path.basename(name), settled.reason is not None)
            if settled.reason is None:
                _move(path, target)
            else:
                _move_with_note(path, target, settled.reason)


def _move_with_note(path: str, target: str, reason: str) -> None:
    """Write the note first: a full disk takes a file that moves on it, and no note."""
    _note(target + NOTE, reason)
    try:
        _move(path, target)
    except OSError:
        os.unlink(target + NOTE)
        raise


def _move(path: str, target: str) -> None:
    try:
        os.rename(path, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        draft = os.path.join(os.path.dirname(target), "." + os.path.basename(target)[:60] + ".part")
        try:
            shutil.copy2(path, draft, follow_symlinks=False)
            os.rename(draft, target)
        finally:
            if os.path.lexists(draft):
                os.unlink(draft)
        os.unlink(path)


def _note(path: str, reason: str) -> None:
    """Write a note where there is none, and not through a link; the whole of it or none."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    handle = os.open(path, flags, 0o644)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(reason + "\n")
    except OSError:
        os.unlink(path)
        raise


def _unused(folder: str, name: str, has_note: bool) -> str:
    """Return a path in `folder` for a file of a name that nothing has taken, nor its note's."""
    number = 0
    room = LONGEST - (len(NOTE) if has_note else 0)
    while True:
        target = os.path.join(folder, _fitted(name, "-{}".format(number) if number else "", room))
        if not os.path.lexists(target) and not (has_note and os.path.lexists(target + NOTE)):
            return target
        number += 1


def _fitted(name: str, mark: str, room: int) -> str:
    """Return a name with a mark before its extension, shortened to `room` bytes."""
    stem, extension = os.path.splitext(name)
    if len(extension) > LONGEST_EXTENSION:
        stem, extension = name, ""
    left = room - len(os.fsencode(mark + extension))
    whole = os.fsencode(stem)
    if len(whole) > left:
        stem = whole[:left].decode("utf-8", "ignore")
    return stem + mark + extension
