"""Places for results, tried before the work: nobody is to wait for what cannot be written."""

import os
import tempfile

from edge.errors import LabeldError


class OutputError(LabeldError):
    """A place that results cannot be written to; the text says which, and why."""


def try_file(path: str) -> None:
    """Raise OutputError if no file can be written at `path`; one that is there is left alone."""
    is_new = not os.path.lexists(path)
    try:
        open(path, "ab").close()
        if is_new:
            os.unlink(path)
    except OSError as error:
        raise OutputError(_text(path, error))


def try_folder(path: str) -> None:
    """Raise OutputError if no folder can be made at `path`, with those above it as needed."""
    above = os.path.dirname(os.path.abspath(path))
    while not os.path.lexists(above):
        above = os.path.dirname(above)
    try:
        os.rmdir(tempfile.mkdtemp(prefix=".labeld.", dir=above))
    except OSError as error:
        raise OutputError(_text(path, error, above))


def _text(path: str, error: OSError, at: str = "") -> str:
    where = " ({})".format(at) if at else ""
    return "{}: it cannot be written: {}{}: choose another --out".format(
        path, error.strerror, where
    )
