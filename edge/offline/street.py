"""The daemon's own pipeline between a source and a sink, for as long as somebody wants it."""

import threading
import time
from contextlib import contextmanager
from typing import Callable, Iterable, Iterator, Optional

from prometheus_client import CollectorRegistry

from edge.classify.loaded import LoadedModel
from edge.classify.serving import Serving
from edge.frame import Frame
from edge.machine.processor import cores
from edge.metrics import Metrics
from edge.pipeline import Pipeline
from edge.sink import Sink
from edge.sources.feeder import Feeder
from edge.sources.source import Source
from edge.worker import Worker

END_SECONDS = 1.0


class Pictures(Source):
    """Gives picture files, one after the other, without a name or a moment of their own."""

    def __init__(self, name: str, reads: Iterable[Callable[[], bytes]]) -> None:
        """Take the functions that return the content of each file, or raise OSError."""
        self.name = name
        self._reads = reads

    def frames(self, stop: threading.Event) -> Iterator[Optional[Frame]]:
        """Yield a Frame for each; its `image` is its number among them."""
        for number, read in enumerate(self._reads):
            if stop.is_set():
                return
            yield Frame(
                device="",
                source=self.name,
                image=str(number),
                captured_at=0.0,
                arrived=time.monotonic(),
                read=read,
            )


@contextmanager
def running(
    model: LoadedModel, source: Source, sink: Sink, on_failure: Callable[[Worker], None]
) -> Iterator[None]:
    """Run a model's pipeline on what a source gives, while the block runs.

    Args:
        model: nothing else uses it, then or later.
        source: gives the frames.
        sink: takes what becomes of them.
        on_failure: called with a Worker that has failed.
    """
    pipeline = Pipeline(
        Serving(model),
        sink,
        Metrics(CollectorRegistry(), [source.name]),
        cores(),
        on_failure,
    )
    feeder = Feeder(source, pipeline.frames)
    feeding = Worker(source.name, feeder.step, on_failure)
    pipeline.start()
    feeding.start()
    try:
        yield
    finally:
        feeder.stop()
        deadline = time.monotonic() + END_SECONDS
        feeding.finish(deadline)
        pipeline.stop(deadline)
