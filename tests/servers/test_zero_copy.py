"""After the resize a picture's pixels are not copied, and no memory of its size is taken."""

import tracemalloc

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from edge.batch.slots import BUFFERS, Slots
from edge.classify.loaded import LoadedModel
from edge.classify.serving import Serving
from edge.classify.tensorflow import TensorFlowRuntime
from edge.metrics import Metrics
from edge.offline import files as offline
from edge.pipeline import Batcher
from edge.prepare.preprocess import ROW, preprocess_into
from edge.sink import Sink
from tests.support import tiny

FRAMES = 100
PICTURE_BYTES = int(np.prod(ROW))


@pytest.fixture(scope="module")
def graph(tiny_bundle):
    return TensorFlowRuntime().load(tiny_bundle)


class KeepingSink(Sink):
    """Takes scores and keeps them."""

    def __init__(self):
        self.scores = []

    def labelled(self, prepared, scored, bundle):
        self.scores.append(scored.scores)
        return True


def most_bytes_taken(step):
    """Return how many bytes more were held at most while `step` ran, as Python and numpy see it."""
    tracemalloc.clear_traces()  # the peak begins anew
    step()
    return tracemalloc.get_traced_memory()[1]


@pytest.mark.parametrize("size", [(90, 120), (480, 640)])
def test_no_memory_of_a_picture_s_size_is_taken_after_decoding(graph, size):
    slots = Slots(max_size=4, max_delay_seconds=60.0)
    sink = KeepingSink()
    serving = Serving(LoadedModel(None, graph, slots, seconds={}, zero_copy=None))
    batcher = Batcher(serving, sink, Metrics(CollectorRegistry()), is_coming=lambda: True)
    pictures = [tiny.picture(label, size=size) for label in tiny.LABELS]

    def one_frame(number):
        slot = slots.acquire(timeout=1.0)
        preprocess_into(pictures[number % 3], slot.row)
        slot.commit(Prepared())
        if number % 4 == 3:
            assert batcher.step()  # it begins
            assert batcher.step()  # and ends

    for number in range(8):  # first runs of the graph make what they keep
        one_frame(number)
    tracemalloc.start()
    try:
        taken = [most_bytes_taken(lambda n=number: one_frame(n)) for number in range(FRAMES)]
        probe = most_bytes_taken(lambda: np.empty(ROW, np.uint8))
    finally:
        tracemalloc.stop()
    assert probe >= PICTURE_BYTES, "a copy of a picture would have been seen"
    assert max(taken) < PICTURE_BYTES / 4
    assert len(sink.scores) == 8 + FRAMES


class Prepared:
    """What goes with a row through the batch."""

    ready = 0.0


def test_every_batch_of_a_long_run_is_read_where_its_rows_were_filled(tiny_bundle, graph, tmp_path):
    paths = []
    for seed in range(FRAMES):
        path = tmp_path / "{:03d}.png".format(seed)
        path.write_bytes(tiny.encode(tiny.picture(tiny.LABELS[seed % 3], seed), ".png"))
        paths.append(str(path))
    addresses, shared = set(), []

    def watched(rows):
        addresses.add(rows.ctypes.data)
        shared.append(graph.shares_memory(rows))
        return graph.run(rows).scores

    results = offline.score_files(tiny_bundle, paths, tiny.FunctionGraph(watched))
    assert [tiny.LABELS[result.scored.scores.argmax()] for result in results] == [
        tiny.LABELS[seed % 3] for seed in range(FRAMES)
    ]
    assert all(shared)
    assert len(shared) >= FRAMES / offline.BATCH_SIZE
    assert len(addresses) <= BUFFERS, "the buffers of the ring, for all batches"
