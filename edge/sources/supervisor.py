"""The sources that run, each in a thread of its own; they come and go while the rest goes on."""

import logging
import threading
import time
from collections import namedtuple

from edge.config.settings import topic_level
from edge.sources.feeder import Pump
from edge.worker import STEP_SECONDS, Worker

PATIENCE_SECONDS = 10.0
"""A source that takes longer to end is named in the log, and waited for."""

_log = logging.getLogger(__name__)

_Running = namedtuple("_Running", "settings source pump worker")


class Roster:
    """Runs the sources that its owner wants.

    `change` and `stop` are called by one thread at a time.
    """

    def __init__(self, frames, make, on_failure):
        """Make the roster, with nothing running.

        Args:
            frames: the queue that all sources fill.
            make: called with settings (which have a `name`), returns the source for them: it has
                `name`, `frames(stop)`, a generator of Frame or None, and `leave(successor)`, called
                before `stop` is set with the settings that take its place, or None.
            on_failure: called with a Worker whose step has raised.
        """
        self._frames = frames
        self._make = make
        self._on_failure = on_failure
        self._lock = threading.Lock()
        self._running = {}

    @property
    def workers(self):
        """The Workers of the sources, but for those that have ended."""
        with self._lock:
            workers = [running.worker for running in self._running.values()]
        return [worker for worker in workers if not worker.ended(0)]

    def change(self, wanted, stop):
        """Have exactly the sources `wanted` run; those that run so already are left alone.

        A source whose settings changed begins anew once its former self has put away what it
        holds: until then its frames are waited for, unless `stop` is set.

        Args:
            wanted: settings, each with a `name` that makes a topic level of its own.
            stop: the event that ends waiting.

        Returns:
            The settings of the sources that have ended, whether or not others took their place.
        """
        wanted = {topic_level(settings.name): settings for settings in wanted}
        leaving = [key for key, now in self._running.items() if wanted.get(key) != now.settings]
        for key in leaving:
            running = self._running[key]
            running.source.leave(wanted.get(key))
            running.pump.stop()
            running.worker.end()
        for key in wanted:
            if key not in self._running:
                self._start(key, wanted[key])
        ended = []
        for key in leaving:
            if not self._wait(self._running[key].worker, stop):
                break
            with self._lock:
                ended.append(self._running.pop(key).settings)
            if key in wanted:
                self._start(key, wanted[key])
        return ended

    def stop(self, deadline):
        """End all, until `deadline` (monotonic seconds); return the names of those that did not."""
        for running in self._running.values():
            running.pump.stop()
        return [worker.name for worker in self.workers if not worker.finish(deadline)]

    def _start(self, key, settings):
        source = self._make(settings)
        pump = Pump(source, self._frames)
        worker = Worker("source " + pump.name, pump.step, self._on_failure)
        worker.start()
        with self._lock:
            self._running[key] = _Running(settings, source, pump, worker)

    def _wait(self, worker, stop):
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
