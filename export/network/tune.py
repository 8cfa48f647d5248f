"""The top of a base fitted on, from a head that was fitted first (LP-FT, arXiv:2202.10054).

Lower blocks learn at lower rates (arXiv:1801.06146), and what is kept is the average of the weights
after each epoch (arXiv:1803.05407), the first of which are those that it began with.
"""

from contextlib import contextmanager
from typing import Any, Callable, Iterator, List, Sequence

import numpy as np
import tensorflow as tf

from export.network import model
from export.recipe.head import Head

RATE = 1e-4
"""Adam's, of the last block and the head: ten times less changed nothing, in trials."""

LOWER = 0.5
"""By so much each block learns slower than the one above it."""

NEWEST = 0.5
"""The weight of the last epoch in the average."""


class Tuner:
    """A classifier whose upper blocks learn; the base shares them, until `restore`.

    Attributes:
        network: a Keras model of normalised pixels, whose output is scores: float32[n, classes].
    """

    def __init__(
        self, base: Any, blocks: Sequence[str], head: Head, count: int, weights: np.ndarray
    ) -> None:
        """Begin with the base as it is.

        Args:
            base, blocks: see `export.network.model.classifier`.
            head: the Head of their features.
            count: how many of the last blocks learn.
            weights: float[classes], how much a picture of each counts.
        """
        self.network = model.classifier(base, blocks, head)
        upper = model.upper_layers(base, blocks[-1], count)
        parts = [self.network.layers[-len(head.layers) :] + upper[0]] + upper[1:]
        self._parts = [
            [variable for layer in part for variable in layer.trainable_weights] for part in parts
        ]
        self._layers = [layer for part in upper for layer in part]
        self._before = [layer.get_weights() for layer in self._layers]
        self._average = self._values()
        self._weights = weights
        self._step = self._compiled()

    def learn(self, pictures: Any, tell: Callable[[], None]) -> None:
        """Learn for an epoch.

        Args:
            pictures: a tf.data.Dataset of (normalised pixels, class numbers), in batches.
            tell: called after each step; what it raises ends the epoch.
        """
        for pixels, classes in pictures:
            self._step(pixels, classes)
            tell()
        pairs = zip(self._average, self._values())
        self._average = [(1 - NEWEST) * former + NEWEST * now for former, now in pairs]

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Have the network use the average while the block runs."""
        now = self._values()
        self._assign(self._average)
        try:
            yield
        finally:
            self._assign(now)

    def settle(self, temperature: float) -> None:
        """Leave the network, and the base, with the average; divide its logits."""
        self._assign(self._average)
        last = self.network.layers[-1]
        last.set_weights([values / np.float32(temperature) for values in last.get_weights()])

    def restore(self) -> None:
        """Leave the base as it was."""
        for layer, weights in zip(self._layers, self._before):
            layer.set_weights(weights)

    def _compiled(self) -> Any:
        optimizers = [
            tf.keras.optimizers.Adam(RATE * LOWER**depth) for depth in range(len(self._parts))
        ]
        for optimizer, variables in zip(optimizers, self._parts):
            if hasattr(optimizer, "build"):  # Keras 3 makes no variables within a function
                optimizer.build(variables)
        weights = tf.constant(self._weights, tf.float32)
        tensors = [[_tensor(variable) for variable in part] for part in self._parts]

        @tf.function
        def step(pixels: Any, classes: Any) -> None:
            with tf.GradientTape() as tape:
                scores = self.network(pixels, training=False)
                losses = tf.keras.losses.sparse_categorical_crossentropy(classes, scores)
                loss = tf.reduce_mean(losses * tf.gather(weights, classes))
            for optimizer, variables, gradients in zip(
                optimizers, self._parts, tape.gradient(loss, tensors)
            ):
                optimizer.apply_gradients(zip(gradients, variables))

        return step

    def _values(self) -> List[np.ndarray]:
        return [variable.numpy() for part in self._parts for variable in part]

    def _assign(self, values: Sequence[np.ndarray]) -> None:
        variables = (variable for part in self._parts for variable in part)
        for variable, value in zip(variables, values):
            variable.assign(value)


def _tensor(variable: Any) -> Any:
    """Return what TensorFlow differentiates by: Keras 3 wraps it."""
    value = getattr(variable, "value", None)
    return variable if value is None or callable(value) else value
