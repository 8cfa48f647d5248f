"""The sources that run, each in a thread of its own; they come and go while the rest goes on."""

import logging
import queue
import threading
import time
from typing import Callable, Dict, List, NamedTuple, Sequence

from edge.config.settings import SourceSettings
from edge.frame import Frame
from edge.mqtt.topics import level
from edge.sources.feeder import Feeder
from edge.sources.source import Source
from edge.worker import QUIT_SECONDS, STEP_SECONDS, Worker

PATIENCE_SECONDS = 10.0
"""A source that takes longer to end is named in the log, and waited for."""

_log = logging.getLogger(__name__)


class _Running(NamedTuple):
    settings: SourceSettings
    source: Source
    feeder: Feeder
    worker: Worker


class Supervisor:
    """Runs the sources that its owner wants.

    `change` and `stop` are called by one thread at a time.
    """

    def __init__(
        self,
        frames: "queue.Queue[Frame]",
        make: Callable[[SourceSettings], Source],
        on_failure: Callable[[Worker], None],
    ) -> None:
        """Make the supervisor, with nothing running.

        Args:
            frames: the queue that all sources fill.
            make: returns the source for some settings, not yet running.
            on_failure: called with a Worker whose step has raised.
        """
        self._frames = frames
        self._make = make
        self._on_failure = on_failure
        self._lock = threading.Lock()
        self._running: Dict[str, _Running] = {}

    @property
    def workers(self) -> List[Worker]:
        """The Workers of the sources, but for those that have ended."""
        with self._lock:
            workers = [running.worker for running in self._running.values()]
        return [worker for worker in workers if not worker.ended(0)]

    def change(
        self, wanted: Sequence[SourceSettings], stop: threading.Event
    ) -> List[SourceSettings]:
        """Have exactly the sources `wanted` run; those that run so already are left alone.

        A source whose settings changed begins anew once its former self has put away what it
        holds: until then its frames are waited for, unless `stop` is set.

        Args:
            wanted: settings, each with a `name` that makes a topic level of its own.
            stop: the event that ends waiting.

        Returns:
            The settings of the sources that have ended, whether or not others took their place.
        """
        heirs = {level(settings.name): settings for settings in wanted}
        leaving = [key for key, now in self._running.items() if heirs.get(key) != now.settings]
        for key in leaving:
            running = self._running[key]
            running.source.leave(heirs.get(key))
            running.feeder.stop()
            running.worker.end()
        for key in heirs:
            if key not in self._running:
                self._start(key, heirs[key])
        ended = []
        for key in leaving:
            if not self._wait(self._running[key].worker, stop):
                break
            with self._lock:
                ended.append(self._running.pop(key).settings)
            if key in heirs:
                self._start(key, heirs[key])
        return ended

    def stop(self, deadline: float) -> List[str]:
        """End all, until `deadline` (monotonic seconds); return the names of those that did not."""
        for running in self._running.values():
            running.feeder.stop()
            running.worker.end()
        late = [one for one in self.workers if not one.ended(max(0.0, deadline - time.monotonic()))]
        for worker in late:  # all at once: many would take long one after the other
            worker.quit()
        return [worker.name for worker in late if not worker.ended(QUIT_SECONDS)]

    def _start(self, key: str, settings: SourceSettings) -> None:
        source = self._make(settings)
        feeder = Feeder(source, self._frames)
        worker = Worker("source " + feeder.name, feeder.step, self._on_failure)
        worker.start()
        with self._lock:
            self._running[key] = _Running(settings, source, feeder, worker)

    def _wait(self, worker: Worker, stop: threading.Event) -> bool:
        """Wait until the worker has ended, and return True; False if `stop` came first."""
        impatient_at = time.monotonic() + PATIENCE_SECONDS
        while not worker.ended(STEP_SECONDS):
            if stop.is_set():
                return False
            if time.monotonic() > impatient_at:
                impatient_at = float("inf")
                _log.warning(
                    "%s has more to hand over than there is room for: its change waits", worker.name
                )
        return True
