"""Multinomial logistic regression on standardised features, as one dense layer of plain ones."""

import warnings
from typing import Any, Tuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from export.recipe.head import Dense, Head

MOST_STEPS = 200
"""Of the solver (L-BFGS), which mostly needs 30 to 60."""

TOLERANCE = 1e-3
"""At which gradient it ends; a smaller one changed no label in trials."""

MOST_TURNED = 2000
"""For more rows than that, finding the axes takes longer than it saves."""

FLAT = 1e-7
"""Of the largest square: what is less along an axis is rounding."""


class Fitting:
    """Some pictures' features, ready to fit heads of several strengths to."""

    def __init__(self, features: np.ndarray, classes: np.ndarray, balanced: bool) -> None:
        """Standardise the features, and turn them to as few axes as there are pictures.

        Args:
            features: float32[n, channels].
            classes: int[n], with at least two different numbers.
            balanced: whether rare classes are to count as much as common ones.
        """
        self._mean = features.mean(axis=0)
        self._spread = features.std(axis=0) + 1e-6
        self._rows, self._axes = _turned((features - self._mean) / self._spread)
        self._classes = classes
        self._balanced = balanced

    def fit(self, strength: float) -> Head:
        """Return the Head of one layer that has the least loss.

        Args:
            strength: scikit-learn's C: how much the pictures count against small weights.
        """
        model = LogisticRegression(
            C=strength,
            class_weight="balanced" if self._balanced else None,
            max_iter=MOST_STEPS,
            tol=TOLERANCE,
        )
        # OpenBLAS raises the flag at times, of numbers beside its matrices: OpenBLAS#1924
        with np.errstate(invalid="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(self._rows, self._classes)
        weights, bias = _of_all_classes(model)
        weights = self._axes.dot(weights.T) if self._axes is not None else weights.T
        return Head((Dense.of_plain(weights, bias, self._mean, self._spread),))


def _turned(rows: np.ndarray) -> Tuple[np.ndarray, Any]:
    """Return (rows, axes): few points in the space that they span, and its axes as columns.

    A penalty on the length of weights is the same in any rotation, and fewer channels are quicker.
    """
    if len(rows) >= min(rows.shape[1], MOST_TURNED):
        return rows, None
    squares, vectors = np.linalg.eigh(rows.dot(rows.T).astype(np.float64))
    spanned = squares > squares.max() * FLAT
    lengths = np.sqrt(squares[spanned])
    turned = (vectors[:, spanned] * lengths).astype(np.float32)
    return turned, rows.T.dot((vectors[:, spanned] / lengths).astype(np.float32))


def _of_all_classes(model: Any) -> Tuple[np.ndarray, np.ndarray]:
    """Return (weights[classes, channels], bias[classes]); of two classes it has but one row."""
    weights, bias = model.coef_, model.intercept_
    if len(model.classes_) == 2:
        weights = np.concatenate([-weights, weights]) / 2
        bias = np.concatenate([-bias, bias]) / 2
    return weights, bias
