"""The daemon's own pipeline between a source and a sink, for as long as somebody wants it."""

import os
import time
from contextlib import contextmanager
from typing import Callable, Iterator

from prometheus_client import CollectorRegistry

from edge.classify.loaded import LoadedModel
from edge.classify.serving import Serving
from edge.metrics import Metrics
from edge.pipeline import Pipeline
from edge.sink import Sink
from edge.sources.feeder import Feeder
from edge.sources.source import Source
from edge.worker import Worker

END_SECONDS = 1.0


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
        os.cpu_count() or 2,
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
