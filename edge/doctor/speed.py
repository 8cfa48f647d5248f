"""How fast this machine is with a bundle: each batch size, and the whole street."""

import itertools
import statistics
import threading
import time
from functools import partial
from typing import Dict, List, Optional

from edge.classify.bundle import Bundle
from edge.classify.loaded import LoadedModel
from edge.classify.outputs import Scored
from edge.doctor.findings import Speed
from edge.errors import LabeldError
from edge.frame import Frame, Prepared
from edge.offline.street import Pictures, running
from edge.sink import Sink
from edge.worker import Worker

FIRST_SECONDS = 60.0


def measure(model: LoadedModel, seconds: float) -> Speed:
    """Return the Speed of a model that nothing else uses; half of `seconds` for either part.

    Raises:
        LabeldError: a stage failed.
    """
    return Speed(_latency(model, seconds / 2), _street(model, seconds / 2))


def _latency(model: LoadedModel, seconds: float) -> Dict[int, float]:
    buffer = model.slots.buffers()[0]
    most = len(buffer)
    sizes = sorted(model.seconds) or sorted({1, (most + 1) // 2, most})
    found = {}
    for size in sizes:
        model.graph.run(buffer[:size])
        took: List[float] = []
        end = time.monotonic() + seconds / len(sizes)
        while not took or time.monotonic() < end:
            began = time.monotonic()
            model.graph.run(buffer[:size])
            took.append(time.monotonic() - began)
        found[size] = statistics.median(took)
    return found


def _street(model: LoadedModel, seconds: float) -> float:
    golden = [sample.data for sample in model.bundle.golden()]
    source = Pictures("doctor", (partial(bytes, data) for data in itertools.cycle(golden)))
    counter = _Counter()
    with running(model, source, counter, counter.abort):
        counter.wait_for(1, FIRST_SECONDS)
        first, began = counter.done, time.monotonic()
        counter.wait_for(None, seconds)
        return (counter.done - first) / (time.monotonic() - began)


class _Counter(Sink):
    """Counts what is labelled."""

    def __init__(self) -> None:
        self.done = 0
        self._failure: Optional[str] = None
        self._changed = threading.Condition()

    def labelled(self, prepared: Prepared, scored: Scored, bundle: Bundle) -> bool:
        with self._changed:
            self.done += 1
            self._changed.notify_all()
        return True

    def unchanged(self, frame: Frame) -> bool:
        raise AssertionError("no golden sample is called frozen")

    def failed(self, frame: Frame, identity: str, reason: str) -> bool:
        return self._fail(reason)

    def gone(self, frame: Frame) -> bool:
        return self._fail("a golden sample is gone")

    def abort(self, worker: Worker) -> None:
        """Have `wait_for` raise: a stage has failed."""
        self._fail("{} failed: {}".format(worker.name, worker.failure))

    def wait_for(self, count: Optional[int], seconds: float) -> None:
        """Wait until `count` (None: never enough) are done, at most so long.

        Raises:
            LabeldError: a stage failed, or there are not even so many by then.
        """
        with self._changed:
            enough = self._changed.wait_for(
                lambda: self._failure is not None or (count is not None and self.done >= count),
                seconds,
            )
        if self._failure is not None:
            raise LabeldError(self._failure)
        if count is not None and not enough:
            raise LabeldError("no picture was done in {:.0f} s".format(seconds))

    def _fail(self, reason: str) -> bool:
        with self._changed:
            self._failure = reason
            self._changed.notify_all()
        return True
