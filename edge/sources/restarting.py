"""A source that comes back whatever happens to it, so that its faults stop nobody else."""

import logging
import threading
import time
from typing import Callable, Iterator, Optional

from edge.backoff import Backoff
from edge.config.settings import SourceSettings
from edge.frame import Frame
from edge.sources.source import Source
from edge.sources.state import SourceState
from edge.worker import STEP_SECONDS

_log = logging.getLogger(__name__)


class RestartingSource(Source):
    """Makes a source and lets it run; makes it again when it fails as nobody foresaw."""

    def __init__(
        self,
        name: str,
        make: Callable[[], Source],
        state: SourceState,
        backoff: Optional[Backoff] = None,
    ) -> None:
        """Make nothing yet.

        Args:
            name: the source's name.
            make: returns the Source, each time anew.
            state: its SourceState, closed once the source has ended.
            backoff: between tries; None: a Backoff.
        """
        self.name = name
        self._make = make
        self._state = state
        self._backoff = backoff or Backoff()
        self._told: Optional[str] = None
        self._source: Optional[Source] = None

    def leave(self, successor: Optional[SourceSettings]) -> None:
        source = self._source
        if source is not None:
            source.leave(successor)

    def frames(self, stop: threading.Event) -> Iterator[Optional[Frame]]:
        """Yield what the source yields."""
        try:
            while True:
                try:
                    self._source = self._make()
                    yield from self._source.frames(stop)
                    return
                except GeneratorExit:
                    raise
                except BaseException as error:  # nobody foresaw it, and the others go on
                    self._tell(error)
                if stop.is_set():
                    return
                yield from self._pause(stop)
        finally:
            self._state.close()

    def _tell(self, error: BaseException) -> None:
        what = "{}: {}".format(type(error).__name__, error)
        if what != self._told:
            _log.error("source %s failed, which is a fault of labeld", self.name, exc_info=error)
            self._told = what
        self._state.stale("it failed unexpectedly: {}; trying again".format(what))

    def _pause(self, stop: threading.Event) -> Iterator[None]:
        again_at = time.monotonic() + self._backoff.next()
        while time.monotonic() < again_at and not stop.is_set():
            stop.wait(STEP_SECONDS)
            yield None
