"""Fine-tuning: the last blocks learn, at their rates, and what does not help is not kept."""

import re
import signal
import subprocess
import sys

import numpy as np
import pytest

import export.__main__ as export
from export.recipe.candidate import LINEAR, Candidate
from export.recipe.head import Dense, Head
from tests.support import tiny
from tests.support.commands import labeld_export
from tests.support.servers import wait_for

CLASSES = np.array([0, 1, 2], np.int32)


@pytest.fixture(scope="module")
def pixels():
    """A picture of each class: uint8[3, 299, 299, 3]."""
    return np.stack([tiny.picture(label, size=(299, 299)) for label in tiny.LABELS])


@pytest.fixture
def base(pixels):
    """A base of random weights."""
    from export.network import model

    base = model.base("none")
    model.settle_statistics(base, pixels)
    return base


def batches(pixels):
    import tensorflow as tf

    from export.network import model

    return tf.data.Dataset.from_tensor_slices((model.normalise(pixels), CLASSES)).batch(2)


def values(base):
    return [weight.numpy() for weight in base.weights]


def tuner_of(base, blocks, count):
    from export.network.tune import Tuner

    channels = {"mixed9": 2048, "mixed10": 2048}[blocks[-1]] * len(blocks)
    weights = np.random.RandomState(1).normal(size=(channels, 3)).astype(np.float32) / 30
    return Tuner(base, blocks, Head((Dense(weights, np.zeros(3, np.float32)),)), count, np.ones(3))


def loss_of(network, pixels):
    scores = network.predict(batches(pixels), verbose=0)
    return float(-np.log(scores[np.arange(3), CLASSES]).mean())


def test_the_last_blocks_learn_and_nothing_else_of_the_base_nor_its_statistics(base, pixels):
    before = values(base)
    names = [layer.name for layer in base.layers]
    top = {
        id(weight)
        for layer in base.layers[names.index("mixed9") + 1 :]
        for weight in layer.weights
        if "batch" not in layer.name
    }
    assert len(top) == 9, "an inception block of InceptionV3's end has nine convolutions"
    tuner = tuner_of(base, ["mixed10"], 1)
    steps = []
    tuner.learn(batches(pixels), lambda: steps.append(1))
    assert len(steps) == 2
    for weight, value in zip(base.weights, before):
        assert (not np.array_equal(value, weight.numpy())) == (id(weight) in top), weight.name
    tuner.restore()
    assert all(np.array_equal(*pair) for pair in zip(before, values(base)))


def test_a_lower_block_learns_half_as_fast_as_the_one_above_it(base, pixels):
    from export.network import model

    tuner = tuner_of(base, ["mixed10"], 2)
    parts = model.upper_layers(base, "mixed10", 2)
    before = [[layer.get_weights()[0] for layer in part] for part in parts]
    tuner.learn(batches(pixels).take(1), lambda: None)
    upper, lower = (
        max(
            float(np.abs(layer.get_weights()[0] - value).max())
            for layer, value in zip(part, former)
        )
        for part, former in zip(parts, before)
    )
    assert lower == pytest.approx(upper / 2, rel=0.05), "Adam's first step is its rate"


def test_it_learns_what_it_is_shown_and_is_left_with_the_average_of_its_epochs(base, pixels):
    tuner = tuner_of(base, ["mixed9", "mixed10"], 1)
    layer = tuner.network.layers[-1]
    first, known = layer.get_weights()[0], loss_of(tuner.network, pixels)
    tuner.learn(batches(pixels), lambda: None)
    second = layer.get_weights()[0]
    with tuner.averaged():
        np.testing.assert_allclose(layer.get_weights()[0], (first + second) / 2, rtol=1e-5)
    np.testing.assert_array_equal(layer.get_weights()[0], second)
    for _ in range(3):
        tuner.learn(batches(pixels), lambda: None)
    with tuner.averaged():
        assert loss_of(tuner.network, pixels) < known
        expected = layer.get_weights()[0]
    tuner.settle(2.0)
    np.testing.assert_allclose(layer.get_weights()[0], expected / 2, rtol=1e-5)


@pytest.mark.parametrize(
    ("end", "blocks", "convolutions"),
    [
        ("mixed10", 0, []),
        ("mixed10", 1, [9]),
        ("mixed10", 2, [9, 9]),
        ("mixed7", 1, [10]),
        ("mixed10", 11, [9, 9, 6, 10, 10, 10, 10, 4, 7, 7, 7]),
    ],
)
def test_blocks_are_counted_from_the_last_that_is_used(end, blocks, convolutions):
    from export.network import model

    found = model.upper_layers(model.base("none"), end, blocks)
    assert [len(part) for part in found] == convolutions


class Fitter:
    """Stands for the HeadFitter of 12 pictures, whose heads know nothing."""

    classes = np.arange(12) % 3

    def fit(self, candidates, chosen):
        return [Head((Dense(np.zeros((2048, 3), np.float32), np.zeros(3, np.float32)),))]

    def weights(self):
        return np.ones(12)


def tuning(base, pixels, shown):
    """Return a FineTuning of 12 pictures, each learnt as the class that `shown` gives it."""
    import tensorflow as tf

    from export.finetune import FineTuning
    from export.network import model

    rows = model.normalise(np.tile(pixels, (4, 1, 1, 1))).numpy()

    def pictures(chosen, to_learn):
        return tf.data.Dataset.from_tensor_slices((rows[chosen], shown[chosen])).batch(16)

    return FineTuning(base, Fitter(), pictures, count=1, epochs=3)


CANDIDATE = Candidate(("mixed10",), LINEAR, 0.01, 0)
FOLDS = np.arange(12) // 6


def test_it_is_kept_where_pictures_it_has_not_learnt_from_gain(base, pixels):
    before = values(base)
    compared = tuning(base, pixels, Fitter.classes).compare(CANDIDATE, FOLDS)
    assert compared.epochs > 0
    assert compared.after < compared.before == pytest.approx(np.log(3), rel=1e-3)
    assert not np.isnan(compared.logits).any()
    assert all(np.array_equal(*pair) for pair in zip(before, values(base)))


def test_it_is_not_kept_where_they_do_not(base, pixels):
    wrong = np.repeat([0, 1, 2, 0], 3).astype(np.int64)
    compared = tuning(base, pixels, wrong).compare(CANDIDATE, FOLDS)
    assert compared.epochs == 0
    assert compared.after == compared.before
    assert np.isnan(compared.logits[FOLDS == 1]).all(), "one part was enough to see it"


def test_without_parts_to_compare_on_nothing_is_tried(base, pixels):
    assert tuning(base, pixels, Fitter.classes).compare(CANDIDATE, np.full(12, -1)) is None


def test_what_was_fine_tuned_becomes_a_bundle_that_says_what_is_familiar(
    base, tmp_path, monkeypatch, capfd
):
    from export import finetune

    out, weights = tmp_path / "bundle", str(tmp_path / "base.weights.h5")
    base.save_weights(weights)
    data = tmp_path / "data"
    tiny.file_pictures(data, {label: [label] * 9 for label in ("red", "blue")})
    monkeypatch.setattr(finetune, "ENOUGH", 1)
    monkeypatch.setattr(finetune, "story", lambda compared: "after {0.epochs}".format(compared))
    monkeypatch.setattr(finetune.FineTuning, "_compared", first_epoch_is_best)
    options = "--quality best --augment 2 --head hidden --epochs 3 --blocks 9,10".split()
    options += "--fine-tune 2 --fine-tune-epochs 1 --weights".split()
    arguments = ["train", str(data), "--out", str(out)] + options + [weights]
    assert export.main(arguments) == 0
    text, errors = capfd.readouterr()
    assert "features: 0 of 54 pictures" in errors, "each with two copies"
    assert re.search(r"^features: \d+ s, \d+% of which the network waited for pic", text, re.M)
    assert "chosen: a hidden head on mixed9, mixed10, 2 varied copies of each picture" in text
    assert "the graph ends at mixed10: 100% of the whole base's multiplications" in text
    assert "fine-tune: after 1" in text
    assert "once scored, the pictures held out were learnt from too" in text
    assert "are familiar at 0.99" in text
    assert labeld_export("verify", out)[0] == 0


def first_epoch_is_best(tuning, parts, found):
    from export.finetune import Compared

    logits = np.full((len(tuning._fitter.classes), 2), np.nan)
    logits[np.concatenate(parts)] = found[1]
    return Compared(1, 0.2, 0.1, logits)


def test_ctrl_c_while_fine_tuning_keeps_the_best_so_far(few, tmp_path):
    out, log = tmp_path / "bundle", tmp_path / "log"
    options = "--weights none --quality fast --fine-tune 1 --fine-tune-epochs 9999".split()
    with open(str(log), "wb") as file:
        training = subprocess.Popen(
            [sys.executable, "-m", "export", "train", str(few), "--out", str(out)] + options,
            stdout=file,
            stderr=subprocess.STDOUT,
            preexec_fn=heed_ctrl_c,
        )
    try:
        wait_for(lambda: "fine-tune: 0 of" in log.read_text(), "fine-tuning begins", 120)
        training.send_signal(signal.SIGINT)
        assert training.wait(120) == 0, log.read_text()
    finally:
        training.kill()
        training.wait(10)
    assert "fine-tune: Ctrl-C: the head stays as it is" in log.read_text()
    assert "wrote {}".format(out) in log.read_text()
    assert labeld_export("verify", out)[0] == 0


def heed_ctrl_c():
    """Undo what a shell does to programs in its background, which are to ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
