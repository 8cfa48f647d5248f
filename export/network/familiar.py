"""`export.recipe.familiarity` as a part of a graph: products, sums and limits alone."""

from typing import Any

import numpy as np
import tensorflow as tf

from export.recipe.familiarity import BESIDE, LIMIT, Familiarity


def familiar(features: Any, found: Familiarity) -> Any:
    """Return float32[n, 1]: what `Familiarity.of` does, as a tensor.

    TF-TRT takes no tensor with a single axis, be it between or at the end.

    Args:
        features: float32[n, channels], the averages of its blocks, side by side.
        found: the Familiarity.
    """
    signs = found.signs
    rows = tf.clip_by_value((features - signs.mean) / signs.spread, -LIMIT, LIMIT)
    turned = tf.matmul(rows, signs.projection.weights[:, :-1]) + signs.projection.bias[:-1]
    known = tf.matmul(rows, signs.projection.weights[:, -1:]) + signs.projection.bias[-1:]
    within, overall = tf.matmul(turned, signs.within), tf.matmul(turned, signs.overall)
    lengths = np.square(signs.centres).sum(axis=1)
    nearest = tf.reduce_min(tf.matmul(within, -2 * signs.centres.T) + lengths, 1, keepdims=True)
    mean_square = tf.reduce_mean(tf.square(rows / LIMIT), 1, keepdims=True)  # a sum fits FP16
    beside = mean_square * LIMIT**2 - _sum_of_squares(turned)
    distance = tf.maximum(_sum_of_squares(within) + nearest + beside / BESIDE, 0.0)
    relative = _sum_of_squares(overall) + beside - distance
    each = zip((-tf.sqrt(distance), relative, known), found.usual, found.width)
    first, second, third = ((sign - usual) / width for sign, usual, width in each)
    worst = tf.minimum(tf.minimum(first, second), third)
    return _interpolated(worst, found.knots, found.shares)


def _sum_of_squares(rows: Any) -> Any:
    return tf.reduce_sum(tf.square(rows), 1, keepdims=True)


def _interpolated(values: Any, knots: np.ndarray, shares: np.ndarray) -> Any:
    """Return values on a broken line, each knot of which changes its slope; all float32[n, 1]."""
    slopes = np.diff(shares.astype(np.float64)) / np.diff(knots.astype(np.float64))
    changes = np.diff(slopes, prepend=0.0).astype(np.float32)
    inside = tf.minimum(values, knots[-1])
    line = tf.matmul(tf.nn.relu(inside - knots[:-1]), changes[:, np.newaxis])
    return tf.clip_by_value(line + shares[0], 0.0, 1.0)
