"""From scores to a decision."""

from typing import NamedTuple, Sequence, Tuple

import numpy as np

UNKNOWN = "unknown"


class Decision(NamedTuple):
    """What a picture shows.

    Attributes:
        label: the best class, or UNKNOWN where its score is below the threshold.
        score: the best class's, 0 to 1, also where the label is UNKNOWN.
        top: (class, score) pairs, best first.
    """

    label: str
    score: float
    top: Tuple[Tuple[str, float], ...]


def decide(scores: np.ndarray, labels: Sequence[str], threshold: float, top: int) -> Decision:
    """Return the Decision for one picture's scores.

    Args:
        scores: float32[classes].
        labels: the class names in the same order.
        threshold: the score (0 to 1) that the best class must reach.
        top: how many classes to list.
    """
    order = np.argsort(-scores, kind="stable")[:top]
    best = [(labels[index], float(scores[index])) for index in order]
    label, score = best[0]
    return Decision(label if score >= threshold else UNKNOWN, score, tuple(best))
