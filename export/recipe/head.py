"""What turns features into logits: dense layers, in numpy until they become part of a graph."""

from typing import NamedTuple, Tuple

import numpy as np


class Dense(NamedTuple):
    """A dense layer.

    Attributes:
        weights: float32[inputs, outputs].
        bias: float32[outputs].
    """

    weights: np.ndarray
    bias: np.ndarray

    @classmethod
    def of_plain(
        cls, weights: np.ndarray, bias: np.ndarray, mean: np.ndarray, spread: np.ndarray
    ) -> "Dense":
        """Return a layer of standardised inputs as one that takes them as they are.

        Args:
            weights, bias: of the layer.
            mean, spread: float[inputs], what the inputs were standardised by.
        """
        weights = weights / spread[:, np.newaxis]
        return cls(weights.astype(np.float32), (bias - mean.dot(weights)).astype(np.float32))


class Head(NamedTuple):
    """Dense layers, with a rectifier after each but the last, which gives a logit a class."""

    layers: Tuple[Dense, ...]

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Return float32[n, classes] of float32[n, channels]."""
        rows = features
        for layer in self.layers[:-1]:
            rows = np.maximum(rows.dot(layer.weights) + layer.bias, 0.0)
        return rows.dot(self.layers[-1].weights) + self.layers[-1].bias

    def cooled(self, temperature: float) -> "Head":
        """Return a Head whose logits are this one's divided by `temperature`."""
        last = self.layers[-1]
        cooled = Dense(last.weights / np.float32(temperature), last.bias / np.float32(temperature))
        return Head(self.layers[:-1] + (cooled,))
