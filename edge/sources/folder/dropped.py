"""A file of a drop folder, read through no link."""

import errno
import os
import stat
from contextlib import contextmanager
from typing import Iterator, Sequence

from edge.errors import PictureError
from edge.sources.folder.shelf import Facts, facts_of

MAX_BYTES = 100 * 1024 * 1024

_WITHOUT_LINKS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


def is_taken(facts: os.stat_result) -> bool:
    """Return True for files, and for links, which are taken to be refused."""
    return stat.S_ISREG(facts.st_mode) or stat.S_ISLNK(facts.st_mode)


@contextmanager
def reached(folder: str, below: Sequence[str]) -> Iterator[int]:
    """Open a folder below another, no name on the way being a link; raises OSError."""
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in below:
            next_at = os.open(name, _WITHOUT_LINKS | os.O_DIRECTORY, dir_fd=at)
            os.close(at)
            at = next_at
        yield at
    finally:
        os.close(at)


class DroppedFile:
    """A file under way, and what it was when it was read.

    Attributes:
        path: its whole path.
        facts: its Facts.
    """

    def __init__(self, folder: str, name: str, facts: Facts) -> None:
        """Read nothing yet; `name`: its path within the drop folder."""
        self.path = os.path.join(folder, name)
        self.facts = facts
        self._folder = folder
        self._name = name

    def read(self) -> bytes:
        """Return the file's bytes; raises OSError, or PictureError if it is no file to be read.

        A sender may put a link where a file was seen: nothing on the way within the folder may be
        one, and what is opened is looked at again.
        """
        with os.fdopen(self._open(), "rb") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise PictureError("it is no regular file")
            self.facts = facts_of(facts)
            if facts.st_size > MAX_BYTES:
                raise PictureError(
                    "it has {} bytes; at most {} are read".format(facts.st_size, MAX_BYTES)
                )
            return file.read(facts.st_size)  # of a larger number, as much memory is asked for

    def _open(self) -> int:
        """Return a descriptor of the file, reached from the drop folder without a link."""
        *folders, name = self._name.split(os.sep)
        try:
            with reached(self._folder, folders) as at:
                return os.open(name, _WITHOUT_LINKS | os.O_NONBLOCK, dir_fd=at)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise OSError(error.errno, error.strerror, self.path)
            raise PictureError("it is a symbolic link, which is not followed: give the file itself")
