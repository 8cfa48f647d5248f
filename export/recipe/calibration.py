"""Scores that are as often right as they say."""

from typing import Any, Dict, List

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

BINS = 10
"""Of a reliability table: tenths of the score."""

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


def reliability(scores: np.ndarray, classes: np.ndarray) -> List[Dict[str, Any]]:
    """Return a row for each tenth of the best score that has pictures, as a dict for JSON.

    Args:
        scores: float[n, classes].
        classes: int[n], the right ones.

    Returns:
        `from`, `to`: of the score; `pictures`; `score`: its mean; `right`: the share of them
        whose best class is the right one.
    """
    best, right = scores.max(axis=1), scores.argmax(axis=1) == classes
    places = np.minimum((best * BINS).astype(int), BINS - 1)
    return [
        {
            "from": place / BINS,
            "to": (place + 1) / BINS,
            "pictures": int(np.sum(places == place)),
            "score": round(float(best[places == place].mean()), 4),
            "right": round(float(right[places == place].mean()), 4),
        }
        for place in np.unique(places).tolist()
    ]


def expected_error(table: List[Dict[str, Any]]) -> float:
    """Return the expected calibration error of a `reliability` table (arXiv:1706.04599, 2).

    It is the mean of |score - right| over the pictures: 0 for scores that are as often right as
    they say.
    """
    pictures = sum(row["pictures"] for row in table)
    return sum(row["pictures"] * abs(row["score"] - row["right"]) for row in table) / pictures
