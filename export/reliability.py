"""Whether scores are as often right as they say."""

from typing import Any, Dict, List

import numpy as np

BINS = 10
"""Of the table: tenths of the score."""


def table(scores: np.ndarray, classes: np.ndarray) -> List[Dict[str, Any]]:
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


def expected_error(rows: List[Dict[str, Any]]) -> float:
    """Return the expected calibration error of a `table` (arXiv:1706.04599, 2).

    It is the mean of |score - right| over the pictures: 0 for scores that are as often right as
    they say.
    """
    pictures = sum(row["pictures"] for row in rows)
    return sum(row["pictures"] * abs(row["score"] - row["right"]) for row in rows) / pictures
