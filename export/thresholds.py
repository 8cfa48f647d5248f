"""What a threshold of the score gives: how many pictures are labelled, and how many rightly."""

from typing import Any, Dict, List

import numpy as np

THRESHOLDS = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Those of the table."""


def table(scores: np.ndarray, classes: np.ndarray) -> List[Dict[str, Any]]:
    """Return a row for each of the THRESHOLDS, as a dict for JSON.

    Args:
        scores: float[n, classes].
        classes: int[n], the right ones.

    Returns:
        `threshold`; `labelled`, the share of the pictures whose best score reaches it;
        `precision`, the share of these whose label is right, None if there are none; `recall`, the
        share of all pictures that are labelled rightly.
    """
    best, right = scores.max(axis=1), scores.argmax(axis=1) == classes
    rows = []
    for threshold in THRESHOLDS:
        labelled = best >= threshold
        rows.append(
            {
                "threshold": threshold,
                "labelled": round(float(labelled.mean()), 4),
                "precision": round(float(right[labelled].mean()), 4) if labelled.any() else None,
                "recall": round(float((right & labelled).mean()), 4),
            }
        )
    return rows


def least(scores: np.ndarray, classes: np.ndarray, precision: float) -> float:
    """Return the least threshold that gives a precision; if none does, that of the greatest one.

    Args:
        scores, classes: see `table`.
        precision: the share of labelled pictures that are to be right, 0 to 1.
    """
    best, right = scores.max(axis=1), scores.argmax(axis=1) == classes
    order = np.argsort(-best, kind="stable")
    best = best[order]
    reached = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    ends = np.append(best[1:] != best[:-1], True)  # pictures of one score are labelled together
    best, reached = best[ends], reached[ends]
    enough = np.flatnonzero(reached >= min(precision, reached.max()))
    return float(best[enough[-1]])


def text(rows: List[Dict[str, Any]]) -> List[str]:
    """Return a `table` as lines of text."""
    lines = ["with a threshold, so many pictures get a label, and it is right:"]
    lines.append("    threshold  labelled  precision  recall")
    for row in rows:
        precision = "-" if row["precision"] is None else "{:.3f}".format(row["precision"])
        lines.append(
            "    {threshold:9.2f}  {labelled:8.3f}  {0:>9}  {recall:6.3f}".format(precision, **row)
        )
    return lines
