"""Scores that are as often right as they say."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

HOTTEST = 20.0
"""Temperatures are looked for from 1 / HOTTEST to HOTTEST."""


def losses(logits: np.ndarray, classes: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Return float[n]: minus the logarithm of each right class's probability.

    Args:
        logits: float[n, classes].
        classes: int[n], the right ones.
        temperature: what logits are divided by.
    """
    logs = log_softmax(logits.astype(np.float64) / temperature, axis=1)
    return -logs[np.arange(len(classes)), classes]


def temperature(logits: np.ndarray, classes: np.ndarray, weights: np.ndarray) -> float:
    """Return what logits must be divided by for the least loss (arXiv:1706.04599, 4.2).

    Args:
        logits: float[n, classes] of pictures that their model has not seen.
        classes: int[n], the right ones.
        weights: float[n], how much each picture counts.
    """
    found = minimize_scalar(
        lambda log: float(np.average(losses(logits, classes, np.exp(log)), weights=weights)),
        bounds=(-np.log(HOTTEST), np.log(HOTTEST)),
        method="bounded",
        options={"xatol": 1e-3},
    )
    return float(np.exp(found.x))
