"""The graph: reads the rows where they lie, and must reproduce the bundle's golden samples."""

import os
import subprocess
import sys

import numpy as np
import pytest

from edge.batch.slots import Slots
from edge.classify import bundle, golden, writer
from edge.classify.outputs import Scored
from edge.classify.tensorflow import TensorFlowRuntime
from edge.classify.timed import TimedGraph
from edge.errors import BundleError
from tests.support import tiny


@pytest.fixture(scope="module")
def graph(tiny_bundle):
    return TensorFlowRuntime().load(tiny_bundle)


def test_it_computes_the_scores_of_each_row(graph):
    rows = np.stack([tiny.picture(name, size=(299, 299)) for name in tiny.LABELS])
    assert np.allclose(graph.run(rows).scores, tiny.scores(rows), atol=golden.SCORE_TOLERANCE)


def test_a_row_shares_memory_with_the_tensor_that_the_graph_reads(graph):
    slots = Slots(max_size=4, max_delay_seconds=0.0)
    for buffer in slots.buffers():
        assert graph.shares_memory(buffer)
    slot = slots.acquire(timeout=1.0)
    slot.commit("picture")
    batch = slots.next_batch(timeout=1.0)
    assert np.shares_memory(slot.row, batch.rows)
    assert graph.shares_memory(batch.rows)


def test_rows_elsewhere_are_copied_and_not_fatal(graph):
    rows = np.zeros(2 * 299 * 299 * 3 + 1, np.uint8)[1:].reshape(2, 299, 299, 3)
    assert np.allclose(graph.run(rows).scores, tiny.scores(rows), atol=golden.SCORE_TOLERANCE)


def test_the_golden_samples_are_reproduced(tiny_bundle, graph):
    assert golden.check(tiny_bundle, graph) <= golden.SCORE_TOLERANCE


def write_with(path, count=3, **wrong):
    """Write a bundle with so many golden samples, each changed as `wrong` says; return it."""
    samples = []
    for seed in range(count):
        data = tiny.encode(tiny.picture(tiny.LABELS[seed % len(tiny.LABELS)], seed), ".png")
        good = tiny.golden_sample("a.png", data)
        samples.append(good._replace(**{name: how(good) for name, how in wrong.items()}))
    writer.write(str(path), writer.Draft(tiny.save_nothing, tiny.LABELS, samples, {}, {}))
    return bundle.read(str(path)).as_run("tensorflow", "fp32")


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (
            {"scored": lambda sample: Scored(sample.scored.scores[::-1])},
            "tensorflow fp32 computes something else",
        ),
        ({"scored": lambda sample: sample.scored._replace(familiar=0.5)}, "the record by 0.5"),
        ({"pixels": lambda sample: 255 - sample.pixels}, "OpenCV decodes it differently"),
        ({"data": lambda sample: sample.data[:200]}, "cut short"),
    ],
)
def test_a_bundle_that_is_not_reproduced_is_refused(tmp_path, graph, wrong, reason):
    found = write_with(tmp_path / "bundle", **wrong)
    with pytest.raises(BundleError, match=reason):
        golden.check(found, graph)


def test_a_graph_that_tensorflow_cannot_load_is_refused(tmp_path):
    draft = writer.Draft(os.mkdir, tiny.LABELS, tiny_golden(), {}, {})
    writer.write(str(tmp_path / "bundle"), draft)
    with pytest.raises(BundleError, match="cannot load it"):
        TensorFlowRuntime().load(bundle.read(str(tmp_path / "bundle")))


def test_a_graph_without_scores_is_refused(tmp_path):
    def save(folder):
        import tensorflow as tf

        class Other(tf.Module):
            @tf.function(input_signature=[tf.TensorSpec([None, 299, 299, 3], tf.uint8)])
            def classify(self, pixels):
                return {"logits": tf.reduce_mean(tf.cast(pixels, tf.float32), axis=[1, 2])}

        other = Other()
        tf.saved_model.save(other, folder, signatures={"serving_default": other.classify})

    found = tiny.write_bundle(tmp_path / "bundle", save=save)
    with pytest.raises(BundleError, match="it has no output 'scores'"):
        TensorFlowRuntime().load(found)


def tiny_golden():
    return [tiny.golden_sample("a.png", tiny.encode(tiny.picture("red"), ".png"))]


def test_only_built_sizes_are_warmed_up_and_each_is_timed():
    sizes = []
    slots = Slots(max_size=6, max_delay_seconds=0.0, batch_sizes=(1, 4, 8, 16))
    graph = TimedGraph(tiny.FunctionGraph(lambda rows: sizes.append(len(rows))))
    seconds = graph.warm_up(slots.buffers()[0], slots.sizes)
    assert set(sizes) == {1, 4, 8}
    assert set(seconds) == {1, 4, 8}
    assert all(took > 0 for took in seconds.values())


@pytest.mark.parametrize(("before", "run"), [([], [6]), ([1, 5], [6]), ([6], [])])
def test_a_graph_that_takes_any_size_is_run_at_the_largest_unless_it_was(before, run):
    sizes = []
    graph = TimedGraph(tiny.FunctionGraph(lambda rows: sizes.append(len(rows))))
    buffer = Slots(6, 0.0).buffers()[0]
    for size in before:
        graph.run(buffer[:size])
    assert graph.warm_up(buffer, ()) == {}
    assert sizes == before + run


def test_the_golden_samples_are_the_first_runs_at_each_size(tmp_path):
    sizes = []

    def scored(rows):
        sizes.append(len(rows))
        return tiny.scores(rows)

    found = write_with(tmp_path / "bundle", count=16)
    slots = Slots(max_size=8, max_delay_seconds=0.0, batch_sizes=(1, 2, 4, 8))
    graph = TimedGraph(tiny.FunctionGraph(scored))
    golden.check(found, graph, slots)
    assert sizes == [1, 2, 4, 8, 1]
    graph.warm_up(slots.buffers()[0], slots.sizes)
    assert {size: sizes.count(size) for size in slots.sizes} == {1: 3, 2: 3, 4: 3, 8: 3}


@pytest.mark.parametrize("size", [1, 2, 4, 8])
def test_a_graph_that_goes_wrong_at_one_size_alone_is_refused(tmp_path, size):
    def scored(rows):
        return tiny.scores(rows)[:, ::-1] if len(rows) == size else tiny.scores(rows)

    slots = Slots(max_size=8, max_delay_seconds=0.0, batch_sizes=(1, 2, 4, 8))
    with pytest.raises(BundleError, match="computes something else"):
        golden.check(write_with(tmp_path / "bundle", count=15), tiny.FunctionGraph(scored), slots)


def test_keras_is_imported_when_it_is_asked_for_and_not_with_the_runtime():
    asked = """
import os, sys
from edge.classify.tensorflow import KERAS, tensorflow
tf = tensorflow()
assert KERAS not in os.environ
later = tuple(int(part) for part in tf.__version__.split(".")[:2]) >= (2, 16)
assert not later or "keras" not in sys.modules, "Keras 3 is imported"
print(tf.keras.layers.Dense(2)(tf.zeros((3, 4))).shape)
"""
    done = subprocess.run(
        [sys.executable, "-c", asked], stdout=subprocess.PIPE, timeout=120, check=True
    )
    assert done.stdout.decode().strip() == "(3, 2)"
