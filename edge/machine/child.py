"""A child process with a log, which ends with its owner."""

import errno
import os
import shutil
import signal
import subprocess
import sys
from typing import Optional, Sequence

from edge.errors import LabeldError

_BOUND = """
import ctypes, os, signal, sys
PR_SET_PDEATHSIG = 1
owner, command = int(sys.argv[1]), sys.argv[2:]
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
if os.getppid() == owner:
    os.execvp(command[0], command)
"""
"""Becomes a command that gets SIGTERM when its owner dies, however that dies: prctl(2).

A child must ask for it itself; what runs between fork and exec of a process with threads may not.
"""


class ChildError(LabeldError):
    """A child process ended that should not have; the text says which and where its log is."""


class Child:
    """A running command; a context manager that ends it.

    It has a session of its own: Ctrl-C reaches the owner alone, which stops it in its turn. Where
    the owner's thread that made it dies, by SIGKILL say, it is asked to end by the kernel; but not
    if it has become another user since.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Optional[str] = None,
        stop_seconds: float = 30.0,
    ) -> None:
        """Start `command`; its output goes to the file `log`, or where ours goes.

        Raises:
            OSError: there is no such program.
        """
        self.name = name
        self._log = log
        self._stop_seconds = stop_seconds
        if shutil.which(command[0]) is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), command[0])
        bound = [sys.executable, "-I", "-S", "-c", _BOUND, str(os.getpid()), *command]
        if log is None:
            self._process = subprocess.Popen(bound, start_new_session=True)
        else:
            with open(log, "ab") as file:
                self._process = subprocess.Popen(
                    bound, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
                )

    def __enter__(self) -> "Child":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def code(self) -> Optional[int]:
        """Return its exit code, or None while it runs."""
        return self._process.poll()

    def check(self) -> None:
        """Raise ChildError if it has ended."""
        if self.code() is not None:
            where = "" if self._log is None else ", see {}".format(self._log)
            raise ChildError("{} ended with exit code {}{}".format(self.name, self.code(), where))

    def stop(self) -> None:
        """Ask it to end, and make it end `stop_seconds` later."""
        if self.code() is None:
            self._process.terminate()
        try:
            self._process.wait(self._stop_seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(self._stop_seconds)
