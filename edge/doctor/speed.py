"""How fast this machine is with a bundle: each batch size, and the whole street."""

import itertools
import statistics
import threading
import time
from collections import namedtuple

from edge.errors import LabeldError
from edge.frame import Frame
from edge.offline.files import running

FIRST_SECONDS = 60.0

Speed = namedtuple("Speed", "latency pictures_per_second")
Speed.__doc__ = """What was measured.

latency: {batch size: median seconds of a run of the graph}; pictures_per_second: from the files of
the golden samples to their scores, by all stages together.
"""


def measure(engine, seconds):
    """Return the Speed of an Engine that nothing else uses; half of `seconds` for either part.

    Raises:
        LabeldError: a stage failed.
    """
    return Speed(_latency(engine, seconds / 2), _street(engine, seconds / 2))


def _latency(engine, seconds):
    buffer = engine.slots.buffers()[0]
    most = len(buffer)
    sizes = sorted(engine.seconds) or sorted({1, (most + 1) // 2, most})
    found = {}
    for size in sizes:
        engine.classifier(buffer[:size])
        took, end = [], time.monotonic() + seconds / len(sizes)
        while not took or time.monotonic() < end:
            began = time.monotonic()
            engine.classifier(buffer[:size])
            took.append(time.monotonic() - began)
        found[size] = statistics.median(took)
    return found


def _street(engine, seconds):
    mill = _Treadmill([sample.data for sample in engine.bundle.golden()])
    with running(engine, mill):
        mill.wait_for(1, FIRST_SECONDS)
        first, began = mill.done, time.monotonic()
        mill.wait_for(None, seconds)
        return (mill.done - first) / (time.monotonic() - began)


class _Treadmill:
    """A source that gives the same pictures for ever, and the desk that counts those done."""

    name = "doctor"

    def __init__(self, pictures):
        self.done = 0
        self._pictures = pictures
        self._failure = None
        self._changed = threading.Condition()

    def frames(self, stop):
        for number, data in enumerate(itertools.cycle(self._pictures)):
            if stop.is_set():
                return
            yield Frame(
                device="",
                source=self.name,
                image=str(number),
                captured_at=0.0,
                seen=time.monotonic(),
                read=lambda data=data: data,
            )

    def labelled(self, picture, scores, _bundle):
        with self._changed:
            self.done += 1
            self._changed.notify_all()
        return True

    def failed(self, frame, identity, reason):
        with self._changed:
            self._failure = reason
            self._changed.notify_all()
        return True

    def abort(self, worker):
        self.failed(None, None, "{} failed: {}".format(worker.name, worker.failure))

    def wait_for(self, count, seconds):
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
