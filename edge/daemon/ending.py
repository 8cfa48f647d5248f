"""What ends the daemon: a stop that was asked for, or a stage that has failed."""

import threading

from edge.errors import Exit
from edge.worker import Worker


class Ending:
    """Handed to all that must end.

    Attributes:
        stop: the event that ends waiting.
    """

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._failed = threading.Event()

    def fail(self, _worker: Worker) -> None:
        """End the daemon: a Worker's step has raised, which the log has."""
        self._failed.set()

    @property
    def failed(self) -> bool:
        """True if a stage has failed."""
        return self._failed.is_set()

    @property
    def exit(self) -> Exit:
        """The exit code that says how it ended."""
        return Exit.UNEXPECTED if self.failed else Exit.OK
