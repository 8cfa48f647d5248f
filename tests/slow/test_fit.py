"""Fitting: rare classes count, the best is kept, Ctrl-C included."""

import os
import signal

import numpy as np
import pytest

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


def test_a_loss_that_is_no_number_is_an_error(network):
    from export.network import fit

    broken = batches(POINTS * np.nan)
    with pytest.raises(fit.FitError, match="toy: the loss is not a number"):
        fit.fit(network, broken, None, recipe(epochs=2))
