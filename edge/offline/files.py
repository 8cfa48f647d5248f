"""Classify a list of files, as the daemon would, and wait for the scores."""

import os
import threading
import time
from collections import namedtuple
from contextlib import contextmanager

from prometheus_client import CollectorRegistry

from edge.batch.slots import Slots
from edge.classify.loaded import Engine, Engines
from edge.classify.tensorflow import Classifier
from edge.classify.variant import suitable
from edge.errors import LabeldError
from edge.frame import Frame
from edge.metrics import Metrics
from edge.pipeline import Pipeline
from edge.sources.feeder import Pump
from edge.worker import Worker

BATCH_SIZE = 8
MAX_DELAY_SECONDS = 0.05
END_SECONDS = 1.0

Result = namedtuple("Result", "file scores error")
Result.__doc__ = """What became of one file.

file: as it was given; scores: float32[classes], or None; error: why not, or None.
"""


def score_files(bundle, files, classifier=None, progress=None):
    """Send files down the daemon's own pipeline.

    Args:
        bundle: the Bundle (its `batch_sizes` are kept to).
        files: paths.
        classifier: the bundle's Classifier; None: load it.
        progress: called with (done, total) whenever files are done, or None.

    Returns:
        A list of Result, in the order of `files`.

    Raises:
        LabeldError: a stage failed.
    """
    if classifier is None:
        bundle = suitable(bundle, "none")
        classifier = Classifier(bundle)
    tray = _Tray(list(files), progress)
    slots = Slots(BATCH_SIZE, MAX_DELAY_SECONDS, bundle.batch_sizes)
    engine = Engine(bundle, classifier, slots, seconds={}, zero_copy=None)
    with running(engine, tray):
        return tray.results()


@contextmanager
def running(engine, tray):
    """Run an engine's pipeline on what a tray gives, for as long as the context lasts.

    Args:
        engine: the Engine; nothing else uses it, then or later.
        tray: a source and a desk in one; its `abort` is called with a Worker that has failed.
    """
    pipeline = Pipeline(
        Engines(engine),
        desk=tray,
        metrics=Metrics(CollectorRegistry(), [tray.name]),
        decoders=os.cpu_count() or 2,
        on_failure=tray.abort,
    )
    pump = Pump(tray, pipeline.frames)
    source = Worker(tray.name, pump.step, tray.abort)
    pipeline.start()
    source.start()
    try:
        yield
    finally:
        pump.stop()
        deadline = time.monotonic() + END_SECONDS
        source.finish(deadline)
        pipeline.stop(deadline)


class _Tray:
    """A source that hands out the files, and the desk that takes what becomes of them."""

    name = "files"

    def __init__(self, files, progress):
        self._files = files
        self._progress = progress
        self._results = {}
        self._failed = None
        self._changed = threading.Condition()

    def frames(self, stop):
        """Yield a Frame for each file; its `image` is the file's number in the list."""
        for number, path in enumerate(self._files):
            if stop.is_set():
                return
            yield Frame(
                device="",
                source=self.name,
                image=str(number),
                captured_at=0.0,
                seen=time.monotonic(),
                read=_reader(path),
            )

    def labelled(self, picture, scores, _bundle):
        return self._store(picture.frame, scores, None)

    def failed(self, frame, identity, reason):
        return self._store(frame, None, reason)

    def gone(self, frame):
        return self._store(frame, None, "no such file")

    def abort(self, worker):
        with self._changed:
            self._failed = worker
            self._changed.notify_all()

    def results(self):
        """Wait until each file has its result, or a stage has failed."""
        reported = 0
        while True:
            with self._changed:
                self._changed.wait(1.0)
                done, failed = len(self._results), self._failed
            if failed is not None:
                raise LabeldError("{} failed: {}".format(failed.name, failed.failure))
            if self._progress is not None and done != reported:
                self._progress(done, len(self._files))
                reported = done
            if done == len(self._files):
                return [self._results[number] for number in range(done)]

    def _store(self, frame, scores, error):
        number = int(frame.image)
        with self._changed:
            self._results[number] = Result(self._files[number], scores, error)
            self._changed.notify_all()
        return True


def _reader(path):
    def read():
        with open(path, "rb") as file:
            return file.read()

    return read
