"""A head with a hidden layer, fitted by gradient descent until it gets no better."""

from typing import NamedTuple

import tensorflow as tf

from export.network import fit
from export.recipe.head import Dense, Head
from export.recipe.heads import Examples

BATCH_SIZE = 32
LEARNING_RATE = 1e-3
PATIENCE = 10
"""Epochs without a lower validation loss after which it has learnt enough."""


class Layers(NamedTuple):
    """How such a head is built and fitted.

    Attributes:
        units: of the hidden layer.
        dropout: the share of these left out at each step.
        epochs: at most so many.
    """

    units: int
    dropout: float
    epochs: int


def fitted(
    training: Examples, validation: Examples, layers: Layers, balanced: bool, seed: int
) -> Head:
    """Return the Head that did best on `validation`, which is like none of `training`.

    Args:
        training, validation: Examples.
        layers: its Layers.
        balanced: whether rare classes are to count as much as common ones.
        seed: of its first weights and of the order of pictures.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    tf.random.set_seed(seed)
    mean = training.features.mean(axis=0)
    spread = training.features.std(axis=0) + 1e-6
    classes = int(max(training.classes.max(), validation.classes.max())) + 1
    network = tf.keras.Sequential(
        [
            tf.keras.layers.InputLayer(mean.shape),
            tf.keras.layers.Dense(layers.units, activation="relu"),
            tf.keras.layers.Dropout(layers.dropout),
            tf.keras.layers.Dense(classes, activation="softmax"),
        ]
    )

    def pairs(examples: Examples) -> tf.data.Dataset:
        rows = (examples.features - mean) / spread
        return tf.data.Dataset.from_tensor_slices((rows, examples.classes))

    shuffled = pairs(training).shuffle(len(training.classes), seed=seed).batch(BATCH_SIZE)
    weights = fit.balanced(training.classes) if balanced else None
    recipe = fit.Recipe("hidden head", LEARNING_RATE, layers.epochs, PATIENCE, weights)
    if fit.fit(network, shuffled, pairs(validation).batch(BATCH_SIZE), recipe).interrupted:
        raise KeyboardInterrupt
    first, last = (layer.get_weights() for layer in network.layers if layer.weights)
    return Head((Dense.of_plain(first[0], first[1], mean, spread), Dense(*last)))
