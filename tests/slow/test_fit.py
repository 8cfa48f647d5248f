"""Fitting: rare classes count, the best is kept, Ctrl-C included."""

import os
import re
import signal
import subprocess
import sys

import numpy as np
import pytest

from export.recipe.head import Dense, Head
from tests.support import tiny
from tests.support.commands import labeld_export
from tests.support.servers import wait_for

POINTS = np.array([[0.0, 1.0], [1.0, 0.0], [0.2, 0.9], [0.9, 0.1]], np.float32)
CLASSES = np.array([0, 1, 0, 1], np.int32)


def batches(points=POINTS, classes=CLASSES):
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices((points, classes)).batch(2)


@pytest.fixture
def network():
    """Two classes from two numbers."""
    import tensorflow as tf

    tf.random.set_seed(1)
    return tf.keras.Sequential(
        [tf.keras.layers.InputLayer((2,)), tf.keras.layers.Dense(2, activation="softmax")]
    )


def recipe(**changes):
    from export.network import fit

    return fit.Recipe("toy", 0.1, 30, 5, None)._replace(**changes)


def loss_of(network, pairs):
    return float(network.evaluate(pairs, verbose=0))


def test_rare_classes_weigh_as_much_as_common_ones():
    from export.network import fit

    classes = np.array([0] * 6 + [1] * 2 + [3] * 4)
    weights = fit.balanced(classes)
    assert weights == {0: pytest.approx(2 / 3), 1: pytest.approx(2.0), 3: pytest.approx(1.0)}
    assert sum(weights[number] for number in classes) == pytest.approx(len(classes))


def test_a_fit_ends_with_the_weights_of_its_best_epoch(network):
    from export.network import fit

    opposite = batches(classes=1 - CLASSES)
    fitted = fit.fit(network, batches(), opposite, recipe(epochs=4, patience=50))
    assert (fitted.epochs, fitted.best, fitted.interrupted) == (4, 1, False)
    assert loss_of(network, opposite) == pytest.approx(fitted.loss, rel=1e-4)


def test_a_fit_stops_when_nothing_becomes_better(network):
    from export.network import fit

    opposite = batches(classes=1 - CLASSES)
    assert fit.fit(network, batches(), opposite, recipe(patience=3)).epochs == 4


def interrupting(examples, at):
    """Return the tf.data.Dataset `examples`, whose batch number `at` presses Ctrl-C."""
    import tensorflow as tf

    steps = []

    def count(points):
        steps.append(1)
        if len(steps) == at:
            os.kill(os.getpid(), signal.SIGINT)
        return points

    return examples.map(
        lambda points, classes: (
            tf.ensure_shape(tf.numpy_function(count, [points], tf.float32), (None, 2)),
            classes,
        )
    )


@pytest.fixture
def ctrl_c():
    """Have Ctrl-C do what it does in a terminal."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


def test_ctrl_c_ends_a_fit_with_the_best_epoch_so_far(network, ctrl_c):
    from export.network import fit

    training = interrupting(batches(), at=7)
    fitted = fit.fit(network, training, batches(), recipe(epochs=10**6, patience=10**6))
    assert fitted.interrupted
    assert 1 <= fitted.best <= fitted.epochs
    assert loss_of(network, batches()) == pytest.approx(fitted.loss, rel=1e-4)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_after_the_last_step_is_heard_too(network, ctrl_c):
    from export.network import fit

    fitted = fit.fit(network, batches(), interrupting(batches(), at=1), recipe(epochs=1))
    assert (fitted.epochs, fitted.interrupted) == (1, True)


def test_what_was_known_before_is_kept_if_a_fit_only_makes_it_worse(network):
    from export.network import fit

    opposite = batches(classes=1 - CLASSES)
    before = network.get_weights()
    network.compile(loss="sparse_categorical_crossentropy")
    known = loss_of(network, opposite)
    fitted = fit.fit(network, batches(), opposite, recipe(epochs=3), known_loss=known)
    assert fitted.best == 0
    assert fitted.loss == known
    assert all(np.array_equal(*pair) for pair in zip(before, network.get_weights()))


def test_a_loss_that_is_no_number_is_an_error(network):
    from export.network import fit

    broken = batches(POINTS * np.nan)
    with pytest.raises(fit.FitError, match="toy: the loss is not a number"):
        fit.fit(network, broken, None, recipe(epochs=2))


def test_fine_tuning_changes_the_top_blocks_alone_and_no_statistics():
    from export.network import fit, model

    base = model.base("none")
    pixels = np.stack([tiny.picture(label, size=(299, 299)) for label in tiny.LABELS])
    model.settle_statistics(base, pixels)
    model.unfreeze(base, "mixed10", 1)
    before = {weight.name + str(n): weight.numpy() for n, weight in enumerate(base.weights)}
    names = [layer.name for layer in base.layers]
    top = {
        id(weight)
        for layer in base.layers[names.index("mixed9") + 1 :]
        for weight in layer.weights
        if "batch" not in layer.name
    }
    pairs = batches(model.normalise(pixels).numpy(), np.arange(3, dtype=np.int32))
    weights = np.random.RandomState(1).normal(size=(2048, 3)).astype(np.float32)
    head = Head((Dense(weights, np.zeros(3, np.float32)),))
    network = model.classifier(base, ["mixed10"], head)
    fit.fit(network, pairs, None, recipe(epochs=1, learning_rate=1e-3))
    for (name, value), weight in zip(before.items(), base.weights):
        changed = not np.array_equal(value, weight.numpy())
        assert changed == (id(weight) in top), name
    assert len(top) == 9, "an inception block of InceptionV3's end has nine convolutions"


@pytest.mark.parametrize(
    ("end", "blocks", "convolutions"),
    [
        ("mixed10", 0, 0),
        ("mixed10", 1, 9),
        ("mixed10", 2, 18),
        ("mixed7", 1, 10),
        ("mixed10", 11, 89),
    ],
)
def test_blocks_are_counted_from_the_last_that_is_used(end, blocks, convolutions):
    from export.network import model

    base = model.base("none")
    model.unfreeze(base, end, blocks)
    assert len(base.trainable_weights) == convolutions


def test_both_phases_with_varied_pictures_make_a_bundle_from_a_file_of_weights(few, tmp_path):
    from export.network import model

    out, weights = tmp_path / "bundle", str(tmp_path / "base.weights.h5")
    base = model.base("none")
    pixels = np.stack([tiny.picture(label, size=(299, 299)) for label in ("red", "blue")])
    model.settle_statistics(base, pixels)
    base.save_weights(weights)
    options = "--quality fast --augment 2 --head hidden --epochs 3 --blocks 9,10".split()
    options += "--fine-tune 1 --fine-tune-epochs 1".split()
    code, text, errors = labeld_export("train", few, "--out", out, "--weights", weights, *options)
    assert code == 0, errors
    assert "features: 0 of 36 pictures" in errors, "each with two copies"
    assert "chosen: a hidden head on mixed9, mixed10, 2 varied copies of each picture" in text
    assert "the graph ends at mixed10: 100% of the whole base's multiplications" in text
    assert re.search(r"^fine-tune: 1 epochs, .* with a loss of \d+\.\d+$", text, re.M)
    assert labeld_export("verify", out)[0] == 0


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
    assert re.search(r"^fine-tune: \d+ epochs until Ctrl-C, ", log.read_text(), re.M)
    assert "wrote {}".format(out) in log.read_text()
    assert labeld_export("verify", out)[0] == 0


def heed_ctrl_c():
    """Undo what a shell does to programs in its background, which are to ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
