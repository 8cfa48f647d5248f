"""From scores to a decision."""

from collections import namedtuple

import numpy as np

UNKNOWN = "unknown"

Decision = namedtuple("Decision", "label score top")
Decision.__doc__ = """What a picture shows.

label: the best class, or "unknown" where its score is below the threshold; score: the best
class's, 0 to 1, also where the label is "unknown"; top: (class, score) pairs, best first.
"""


def decide(scores, labels, threshold, top):
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
