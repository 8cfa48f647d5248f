"""A stage's thread: it calls a step for ever, and can say how it is."""

import logging
import threading
import time
from typing import Callable, Optional

from edge.machine.thread import named_thread

STEP_SECONDS = 0.2
"""How long a step may wait for work before it returns: the pace of every loop in the house."""

QUIT_SECONDS = 2 * STEP_SECONDS
"""How long a step that waits at most STEP_SECONDS may take to notice `quit`."""

_log = logging.getLogger(__name__)


class Worker:
    """A thread that owns one loop.

    `step()` waits for at most STEP_SECONDS and returns True if it found something to do. Whatever
    it raises ends the thread, is kept in `failure`, and is reported once.
    """

    def __init__(
        self, name: str, step: Callable[[], bool], on_failure: Callable[["Worker"], None]
    ) -> None:
        """Make the worker, not yet running.

        Args:
            name: for logs and for `stalled` messages.
            step: called again and again from the worker's thread.
            on_failure: called with the worker when its step has raised.
        """
        self.name = name
        self.failure: Optional[BaseException] = None
        self._step = step
        self._on_failure = on_failure
        self._finish = threading.Event()
        self._quit = threading.Event()
        self._progress = time.monotonic()
        self._thread = named_thread(name, self._run)

    def start(self) -> None:
        """Start the thread."""
        self._progress = time.monotonic()
        self._thread.start()

    def end(self) -> None:
        """Have it end as soon as it finds nothing to do."""
        self._finish.set()

    def quit(self) -> None:
        """Have it end after the step that it is in, whatever there is still to do."""
        self._quit.set()

    def ended(self, timeout: float) -> bool:
        """Return True if its thread has ended, at the latest after `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def finish(self, deadline: float) -> bool:
        """Let it work until it finds nothing to do, at most until `deadline` (monotonic seconds).

        Returns:
            True if the thread has ended.
        """
        self.end()
        if self.ended(max(0.0, deadline - time.monotonic())):
            return True
        self.quit()
        return self.ended(QUIT_SECONDS)

    def idle_seconds(self) -> float:
        """Return the time since a step last came back: large only if the loop hangs."""
        return time.monotonic() - self._progress

    def _run(self) -> None:
        try:
            while not self._quit.is_set():
                worked = self._step()
                self._progress = time.monotonic()
                if self._finish.is_set() and not worked:
                    return
        except BaseException as error:  # SystemExit, too: nothing must go on without the stage
            _log.exception("stage %s failed", self.name)
            self.failure = error
            self._on_failure(self)
