"""A bundle ready to serve: its graph, and the buffers that the graph reads."""

import logging
import threading
import time
from collections import deque, namedtuple

from edge.batch.slots import Slots
from edge.classify import golden
from edge.classify import variant as choice
from edge.classify.tensorflow import Classifier
from edge.errors import BundleError
from edge.machine import memory

_log = logging.getLogger(__name__)

TIMED_RUNS = 3
"""The quickest of so many tells what a run takes."""

Engine = namedtuple("Engine", "bundle classifier slots seconds zero_copy")
Engine.__doc__ = """What classifies.

bundle: the Bundle; classifier: uint8[n, 299, 299, 3] -> float32[n, classes]; slots: the Slots whose
batches it gets; seconds: {batch size: what a run of it takes}, empty if it takes any size;
zero_copy: True if it reads their rows where they lie.
"""


def load_best(choices, model, batch):
    """Load the first of `choices` that can be served; one that cannot is discarded, but the last.

    Args:
        choices: Bundles; all but the last are what `edge.classify.variant` keeps.
        model, batch: these sections of the configuration.

    Returns:
        The Engine.

    Raises:
        BundleError: not even the last can be served.
    """
    for bundle in choices[:-1]:
        try:
            return load(bundle, model, batch)
        except BundleError as error:
            _log.error("%s; the plain graph serves, and is converted again", error)
            choice.discard(bundle.path)
    return load(choices[-1], model, batch)


def load(bundle, model, batch):
    """Load a bundle's graph; show that it reads rows in place and reproduces the golden samples.

    Args:
        bundle: the Bundle.
        model, batch: these sections of the configuration.

    Raises:
        BundleError: it cannot be served.
    """
    started = time.monotonic()
    slots = Slots(batch.max_size, batch.max_delay_ms / 1000, bundle.batch_sizes)
    classifier = Classifier(bundle, model.gpu_memory_mb)
    zero_copy = all(classifier.shares_memory(buffer) for buffer in slots.buffers())
    if not zero_copy:
        _log.warning("rows are copied before the graph reads them: slower, not wrong")
    seconds = warm_up(classifier, slots, bundle.batch_sizes)
    off = golden.check(bundle, classifier, slots)
    memory.give_back()
    _log.info(
        "model %s: %d classes, golden samples within %.1g, loaded in %.1f s, zero-copy: %s",
        bundle.model,
        len(bundle.labels),
        off,
        time.monotonic() - started,
        "yes" if zero_copy else "no",
    )
    return Engine(bundle, classifier, slots, seconds, zero_copy)


def warm_up(classifier, slots, batch_sizes):
    """Run the graph at each size that it will see, so that no picture pays for the first run.

    Args:
        classifier: uint8[n, 299, 299, 3] -> float32[n, classes].
        slots: Slots that nothing uses yet.
        batch_sizes: the only sizes the graph takes; empty: any.

    Returns:
        {batch size: what a run of it takes, in seconds}; empty if it takes any size.
    """
    buffer = slots.buffers()[0]
    for size in () if batch_sizes else (1, len(buffer)):
        classifier(buffer[:size])
    seconds = {
        size: _time(classifier, buffer[:size]) for size in batch_sizes if size <= len(buffer)
    }
    if seconds:
        _log.info(
            "a batch takes %s",
            ", ".join("{}: {:.1f} ms".format(n, 1000 * s) for n, s in sorted(seconds.items())),
        )
    return seconds


def _time(classifier, rows):
    classifier(rows)
    took = []
    for _ in range(TIMED_RUNS):
        started = time.monotonic()
        classifier(rows)
        took.append(time.monotonic() - started)
    return min(took)


class Engines:
    """The engine that pictures are prepared for, and former ones until their last batch is done."""

    def __init__(self, engine):
        self._changed = threading.Condition()
        self._line = deque([engine])

    @property
    def current(self):
        """The Engine that new pictures go to."""
        with self._changed:
            return self._line[-1]

    @property
    def oldest(self):
        """The Engine whose batches are next."""
        with self._changed:
            return self._line[0]

    def take_over(self, engine):
        """Send new pictures to `engine`; what the former one has been given it still classifies."""
        with self._changed:
            former = self._line[-1]
            self._line.append(engine)
        former.slots.close()

    def retire_drained(self):
        """Let go of the oldest engine if nothing can reach it any more; return True if so."""
        with self._changed:
            if len(self._line) == 1 or not self._line[0].slots.drained:
                return False
            self._line.popleft()
            self._changed.notify_all()
            return True

    def wait_for_one(self, timeout):
        """Wait until no former engine is left; return False after `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._line) == 1, timeout)
