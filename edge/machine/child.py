"""A child process with a log, which ends with its owner."""

import os
import signal
import subprocess
from typing import Optional, Sequence

from edge.errors import LabeldError


class ChildError(LabeldError):
    """A child process ended that should not have; the text says which and where its log is."""


class Child:
    """A running command; a context manager that ends it.

    It has a session of its own: Ctrl-C reaches the owner alone, which stops it in its turn.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Optional[str] = None,
        stop_seconds: float = 30.0,
    ) -> None:
        """Start `command` (a list); its output goes to the file `log`, or where ours goes."""
        self.name = name
        self._log = log
        self._stop_seconds = stop_seconds
        if log is None:
            self._process = subprocess.Popen(command, start_new_session=True)
        else:
            with open(log, "ab") as file:
                self._process = subprocess.Popen(
                    command, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
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
