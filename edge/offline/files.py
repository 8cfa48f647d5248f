"""Classify a list of files, as the daemon would, and wait for the scores."""

import threading
from functools import partial
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence

from edge.batch.slots import Slots
from edge.classify.bundle import Bundle
from edge.classify.loaded import LoadedModel
from edge.classify.outputs import Scored
from edge.classify.runtime import Graph
from edge.errors import LabeldError
from edge.frame import Frame, Prepared
from edge.offline.street import Pictures, running
from edge.sink import Sink
from edge.worker import Worker

BATCH_SIZE = 8
MAX_DELAY_SECONDS = 0.05


def read_file(path: str) -> bytes:
    """Return the content of a file; raises OSError."""
    with open(path, "rb") as file:
        return file.read()


class Result(NamedTuple):
    """What became of one file.

    Attributes:
        file: as it was given.
        scored: what the graph said of it, or None.
        error: why it said nothing, or None.
    """

    file: str
    scored: Optional[Scored]
    error: Optional[str]


def score_files(
    bundle: Bundle,
    files: Sequence[str],
    graph: Graph,
    progress: Optional[Callable[[int, int], None]] = None,
) -> List[Result]:
    """Send files down the daemon's own pipeline.

    Args:
        bundle: the Bundle (its `batch_sizes` are kept to).
        files: paths.
        graph: the bundle's Graph.
        progress: called with (done, total) whenever files are done, or None.

    Returns:
        A Result for each of `files`, in their order.

    Raises:
        LabeldError: a stage failed.
    """
    sizes = bundle.batch_sizes or graph.sizes(BATCH_SIZE)
    slots = Slots(BATCH_SIZE, MAX_DELAY_SECONDS, sizes)
    model = LoadedModel(bundle, graph, slots, seconds={}, zero_copy=None)
    results = _Results(files)
    source = Pictures("files", [partial(read_file, path) for path in files])
    with running(model, source, results, results.abort):
        return results.wait(progress)


class _Results(Sink):
    """Keeps what becomes of each file."""

    def __init__(self, files: Sequence[str]) -> None:
        self._files = files
        self._results: Dict[int, Result] = {}
        self._failed: Optional[Worker] = None
        self._changed = threading.Condition()

    def labelled(self, prepared: Prepared, scored: Scored, bundle: Bundle) -> bool:
        return self._store(prepared.frame, scored, None)

    def unchanged(self, frame: Frame) -> bool:
        raise AssertionError("no source of files calls its pictures frozen")

    def failed(self, frame: Frame, identity: str, reason: str) -> bool:
        return self._store(frame, None, reason)

    def gone(self, frame: Frame) -> bool:
        return self._store(frame, None, "no such file")

    def abort(self, worker: Worker) -> None:
        """Have `wait` raise: a stage has failed."""
        with self._changed:
            self._failed = worker
            self._changed.notify_all()

    def wait(self, progress: Optional[Callable[[int, int], None]]) -> List[Result]:
        """Wait until each file has its Result, or a stage has failed."""
        reported = 0
        while True:
            with self._changed:
                self._changed.wait(1.0)
                done, failed = len(self._results), self._failed
            if failed is not None:
                raise LabeldError("{} failed: {}".format(failed.name, failed.failure))
            if progress is not None and done != reported:
                progress(done, len(self._files))
                reported = done
            if done == len(self._files):
                return [self._results[number] for number in range(done)]

    def _store(self, frame: Frame, scored: Optional[Scored], error: Optional[str]) -> bool:
        number = int(frame.image)
        with self._changed:
            self._results[number] = Result(self._files[number], scored, error)
            self._changed.notify_all()
        return True
