"""The graph: reads the rows where they lie, and must reproduce the bundle's golden samples."""

import os

import numpy as np
import pytest

from edge.batch.slots import Slots
from edge.classify import bundle, golden
from edge.classify.loaded import warm_up
from edge.classify.tensorflow import Classifier
from edge.errors import BundleError
from edge.prepare import preprocess
from tests import tiny


@pytest.fixture(scope="module")
def classifier(tiny_bundle):
    return Classifier(tiny_bundle)


def test_it_computes_the_scores_of_each_row(classifier):
    rows = np.stack([tiny.picture(name, size=(299, 299)) for name in tiny.LABELS])
    assert np.allclose(classifier(rows), tiny.scores(rows), atol=golden.SCORE_TOLERANCE)


def test_a_row_shares_memory_with_the_tensor_that_the_graph_reads(classifier):
    slots = Slots(max_size=4, max_delay_seconds=0.0)
    for buffer in slots.buffers():
        assert classifier.shares_memory(buffer)
    slot = slots.acquire(timeout=1.0)
    slot.commit("picture")
    batch = slots.next_batch(timeout=1.0)
    assert np.shares_memory(slot.row, batch.rows)
    assert classifier.shares_memory(batch.rows)


def test_rows_elsewhere_are_copied_and_not_fatal(classifier):
    rows = np.zeros(2 * 299 * 299 * 3 + 1, np.uint8)[1:].reshape(2, 299, 299, 3)
    assert np.allclose(classifier(rows), tiny.scores(rows), atol=golden.SCORE_TOLERANCE)


def test_the_golden_samples_are_reproduced(tiny_bundle, classifier):
    assert golden.check(tiny_bundle, classifier) <= golden.SCORE_TOLERANCE


def write_with(path, **wrong):
    """Write a bundle, each golden sample changed as `wrong` says; return it."""
    samples = []
    for seed in range(3):
        data = tiny.encode(tiny.picture(tiny.LABELS[seed], seed), ".png")
        pixels = preprocess.load(data)
        good = bundle.GoldenSample("a.png", data, pixels, tiny.scores(pixels[np.newaxis])[0])
        samples.append(good._replace(**{name: how(good) for name, how in wrong.items()}))
    bundle.write(str(path), tiny.save_graph, tiny.LABELS, samples, {}, {})
    return bundle.read(str(path))


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"scores": lambda sample: sample.scores[::-1]}, "TensorFlow computes something else"),
        ({"pixels": lambda sample: 255 - sample.pixels}, "OpenCV decodes it differently"),
        ({"data": lambda sample: sample.data[:200]}, "cut short"),
    ],
)
def test_a_bundle_that_is_not_reproduced_is_refused(tmp_path, classifier, wrong, reason):
    with pytest.raises(BundleError, match=reason):
        golden.check(write_with(tmp_path / "bundle", **wrong), classifier)


def test_a_graph_that_tensorflow_cannot_load_is_refused(tmp_path):
    bundle.write(str(tmp_path / "bundle"), os.mkdir, tiny.LABELS, tiny_golden(), {}, {})
    with pytest.raises(BundleError, match="cannot load it"):
        Classifier(bundle.read(str(tmp_path / "bundle")))


def tiny_golden():
    data = tiny.encode(tiny.picture("red"), ".png")
    pixels = preprocess.load(data)
    return [bundle.GoldenSample("a.png", data, pixels, tiny.scores(pixels[np.newaxis])[0])]


def test_only_built_sizes_are_warmed_up_and_each_is_timed():
    sizes = []
    slots = Slots(max_size=6, max_delay_seconds=0.0, batch_sizes=(1, 4, 8, 16))
    seconds = warm_up(lambda rows: sizes.append(len(rows)), slots, (1, 4, 8, 16))
    assert set(sizes) == {1, 4, 8}
    assert set(seconds) == {1, 4, 8}
    assert all(took > 0 for took in seconds.values())


def test_a_graph_that_takes_any_size_is_warmed_up_for_the_smallest_and_the_largest():
    sizes = []
    assert warm_up(lambda rows: sizes.append(len(rows)), Slots(6, 0.0), ()) == {}
    assert sizes == [1, 6]
