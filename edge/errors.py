"""What can go wrong, each with its facts: what, where, the value, the rule, what to do."""

import errno
from enum import IntEnum
from typing import Sequence

from edge.masking import masked


class Exit(IntEnum):
    """The exit codes of both commands."""

    OK = 0
    UNEXPECTED = 1
    CONFIGURATION = 2
    BUNDLE = 3


class LabeldError(Exception):
    """Whatever labeld raises on purpose; its text is written for the person on duty."""

    exit_code = Exit.UNEXPECTED


class ConfigError(LabeldError):
    """A configuration that cannot be used; carries every fault found in it.

    Attributes:
        path: the configuration file.
        faults: one line of text for each fault.
    """

    exit_code = Exit.CONFIGURATION

    def __init__(self, path: str, faults: Sequence[str]) -> None:
        self.path = path
        self.faults = tuple(masked(fault) for fault in faults)
        super().__init__("\n".join("{}: {}".format(path, fault) for fault in self.faults))


class BundleError(LabeldError):
    """A model bundle that must not be served.

    Attributes:
        path: the bundle, or the file in it, that is at fault.
        reason: what is wrong with it and what to do.
    """

    exit_code = Exit.BUNDLE

    def __init__(self, path: str, reason: str) -> None:
        self.path = str(path)
        self.reason = reason
        super().__init__("{}: {}".format(path, reason))


_OF_THE_MACHINE = frozenset(
    getattr(errno, name)
    for name in "EMFILE ENFILE ENOMEM ENOSPC EDQUOT EIO ESTALE EAGAIN EBUSY ENOLCK ETIMEDOUT "
    "EHOSTDOWN EHOSTUNREACH ENETDOWN ENETUNREACH ENOTCONN ENODEV ENXIO EREMOTEIO EINTR".split()
)


def is_of_the_machine(error: OSError) -> bool:
    """Return True if an error says something of the machine, and nothing of the file."""
    return error.errno in _OF_THE_MACHINE


class PictureError(LabeldError):
    """Bytes that are not a picture labeld can classify; the text is the reason."""


class NoMemoryError(PictureError):
    """A picture for which this machine has no memory at present; the text says how large it is."""


class SourceError(LabeldError):
    """A camera that gives no pictures; the text is the cause, for the log and its status."""
