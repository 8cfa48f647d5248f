"""The stages between a source and the graph."""

import queue
from collections import namedtuple

import numpy as np
from prometheus_client import CollectorRegistry

from edge.batch.slots import Slots
from edge.classify.loaded import LoadedModel
from edge.classify.serving import Serving
from edge.metrics import Metrics
from edge.pipeline import Batcher
from edge.sink import Sink
from edge.sources.feeder import Feeder
from tests.support import tiny


class Asked:
    """A source that is asked to stop while it looks for frames."""

    name = "asked"

    def __init__(self):
        self.open = None

    def frames(self, stop):
        self.open = True
        try:
            while not stop.is_set():
                stop.set()
                yield None
        finally:
            self.open = False


def test_a_source_that_is_stopped_puts_away_what_it_holds():
    source = Asked()
    feeder = Feeder(source, queue.Queue(1))
    assert feeder.step(), "there is a source to end"
    assert source.open
    assert not feeder.step()
    assert source.open is False


Prepared = namedtuple("Prepared", "number ready")


class KeepingSink(Sink):
    """Keeps what it is handed."""

    def __init__(self):
        self.labelled_as = []

    def labelled(self, prepared, scored, bundle):
        self.labelled_as.append((prepared.number, scored.scores))
        return True


def test_a_batch_goes_through_the_graph_by_the_runs_that_take_least():
    sizes = []

    def classify(rows):
        sizes.append(len(rows))
        return rows[:, 0, 0, 0].copy()

    seconds = {1: 0.01, 4: 0.03, 8: 0.06}
    slots = Slots(6, 60.0, batch_sizes=tuple(seconds))
    sink, registry = KeepingSink(), CollectorRegistry()
    graph = tiny.FunctionGraph(classify)
    serving = Serving(LoadedModel(None, graph, slots, seconds, zero_copy=None))
    batcher = Batcher(serving, sink, Metrics(registry))
    for number in range(6):
        slot = slots.acquire(timeout=0.0)
        slot.row[...] = number
        slot.commit(Prepared(number, ready=0.0))
    assert batcher.step()
    assert sizes == [4, 1, 1]
    assert sink.labelled_as == [(number, np.uint8(number)) for number in range(6)]
    assert registry.get_sample_value("labeld_batch_size_sum") == 6
    assert registry.get_sample_value("labeld_batch_size_count") == 3
