"""A daemon's parts in the test's process, on a runtime that needs no TensorFlow."""

import time

from prometheus_client import CollectorRegistry

from edge.board import Board
from edge.classify.runtime import Runtime
from edge.daemon.build import build
from edge.daemon.ending import Ending
from edge.daemon.systemd import Notifier
from edge.metrics import Metrics
from tests.support import tiny

HERE = {"gpu": None, "compute_capability": None, "tensorrt": None}


class NumpyRuntime(Runtime):
    """Runs any bundle as the tiny graph in numpy; `loaded` has what it was asked for."""

    name = "numpy"

    def __init__(self):
        self.loaded = []

    def load(self, bundle, gpu_memory_mb=None):
        self.loaded.append(bundle)
        return tiny.FunctionGraph()

    def fingerprint(self):
        return dict(HERE)


class Told(Notifier):
    """A Notifier that keeps what systemd would be told."""

    def __init__(self):
        super().__init__({})
        self.states = []

    def _send(self, state):
        self.states.append(state)

    def statuses(self):
        """Return what `systemctl status` would have shown, in order."""
        return [state.partition("STATUS=")[2] for state in self.states if "STATUS=" in state]


class Built:
    """What `edge.daemon.build` makes of a Config; a context manager.

    Nothing runs before `start`, and then all but the worker that changes things.
    """

    def __init__(self, path, config):
        self.registry = CollectorRegistry()
        self.runtime, self.notifier, self.ending = NumpyRuntime(), Told(), Ending()
        metrics = Metrics(self.registry, [source.name for source in config.sources])
        self._started = False
        board = Board(pictures=False)
        self.parts = build(path, config, self.runtime, self.notifier, metrics, self.ending, board)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ending.stop.set()
        if self._started:
            assert self.parts.service.stop(time.monotonic() + 10.0) == []
            assert self.parts.sending.finish(time.monotonic() + 10.0)
            assert self.parts.keeping.finish(time.monotonic() + 10.0)
        self.parts.publisher.close(time.monotonic() + 1.0)
        self.parts.keeper.close()
        self.parts.wakeup.close()
        self.parts.in_hand.close()

    def start(self):
        """Start the service and the publisher."""
        self._started = True
        self.parts.keeping.start()
        self.parts.sending.start()
        self.parts.service.start(self.ending.stop)

    def metric(self, name):
        return self.registry.get_sample_value(name)
