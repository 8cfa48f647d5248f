"""From scores to a decision."""

from typing import NamedTuple, Optional, Sequence, Tuple

import numpy as np

from edge.classify.outputs import Scored
from edge.config.fields import AUTO, Threshold

UNKNOWN = "unknown"

USUAL = 0.5
"""What AUTO is for a bundle that has none."""

UNSURE, UNFAMILIAR = "unsure", "unfamiliar"
"""Why a label is UNKNOWN: its score is low, or nothing like the picture was ever learnt."""


class Decision(NamedTuple):
    """What a picture shows.

    Attributes:
        label: the best class, or UNKNOWN where its score is below the threshold.
        score: the best class's, 0 to 1, also where the label is UNKNOWN.
        top: (class, score) pairs, best first.
        familiar: how familiar the picture is, 0 to 1; None: the model does not say.
        reason: why the label is UNKNOWN: UNSURE or UNFAMILIAR; None: it is not.
    """

    label: str
    score: float
    top: Tuple[Tuple[str, float], ...]
    familiar: Optional[float]
    reason: Optional[str]


def resolved(threshold: Threshold, of_bundle: Optional[float]) -> float:
    """Return a threshold of the configuration as a score.

    Args:
        threshold: the Threshold.
        of_bundle: what the bundle has, or None.
    """
    if threshold != AUTO:
        return float(threshold)
    return USUAL if of_bundle is None else of_bundle


def decide(
    scored: Scored, labels: Sequence[str], threshold: float, top: int, known: float = 1.0
) -> Decision:
    """Return the Decision for one picture.

    Args:
        scored: what the graph said of it.
        labels: the class names in the order of its scores.
        threshold: the score (0 to 1) that the best class must reach.
        top: how many classes to list.
        known: the share of known pictures that are to keep their label (0 to 1); of others so
            many as then do not.
    """
    order = np.argsort(-scored.scores, kind="stable")[:top]
    best = [(labels[index], float(scored.scores[index])) for index in order]
    label, score = best[0]
    reason = None
    if scored.familiar is not None and scored.familiar < 1.0 - known:
        reason = UNFAMILIAR
    elif score < threshold:
        reason = UNSURE
    return Decision(UNKNOWN if reason else label, score, tuple(best), scored.familiar, reason)
