"""Whether a graph that computes in less than FP32 is as right as the plain one."""

from typing import List, NamedTuple, Optional, Sequence

import numpy as np

from edge.classify.outputs import Scored
from export import assessment, scores

MOST_LOST = 0.005
"""Of the macro-F1 on pictures held out."""

MOST_SHIFTED = 0.02
"""By so much its best scores may be higher or lower on average. What is as often right is then as
well calibrated, too; the error of calibration itself jumps by more where few pictures tell it."""

MOST_ESTRANGED = 0.01
"""Of known pictures, that it calls unfamiliar and the plain one does not."""


class Figures(NamedTuple):
    """How right a graph is on pictures held out.

    Attributes:
        pictures: how many there are.
        accuracy, macro_f1, expected_calibration_error: see `export.scores.measure`.
        mean_score: of the best class.
        familiar_kept: see `export.assessment.familiar_kept`; None: it does not say.
    """

    pictures: int
    accuracy: float
    macro_f1: float
    expected_calibration_error: float
    mean_score: float
    familiar_kept: Optional[float]

    def __str__(self) -> str:
        return (
            "macro-F1 {0.macro_f1:.4f}, accuracy {0.accuracy:.4f}, mean score {0.mean_score:.4f}, "
            "expected calibration error {0.expected_calibration_error:.4f}".format(self)
            + (
                ""
                if self.familiar_kept is None
                else ", {0.familiar_kept:.3f} familiar".format(self)
            )
        )


def figures(labels: Sequence[str], truth: Sequence[int], found: Sequence[Scored]) -> Figures:
    """Return the Figures of a graph.

    Args:
        labels: the class names.
        truth: the number of each picture's class.
        found: what the graph says of each.
    """
    rows = np.stack([one.scores for one in found])
    measured = scores.measure(labels, np.array(truth), rows)
    familiar = [one.familiar for one in found if one.familiar is not None]
    return Figures(
        measured["pictures"],
        measured["accuracy"],
        measured["macro_f1"],
        measured["expected_calibration_error"],
        round(float(rows.max(axis=1).mean()), 4),
        assessment.familiar_kept(np.array(familiar)) if familiar else None,
    )


def faults(plain: Figures, coarse: Figures) -> List[str]:
    """Return what keeps a graph from being served instead of the plain one, a text each."""
    found = []
    if plain.macro_f1 - coarse.macro_f1 > MOST_LOST:
        found.append(
            "its macro-F1 is {:.4f} lower (at most {:g})".format(
                plain.macro_f1 - coarse.macro_f1, MOST_LOST
            )
        )
    shift = coarse.mean_score - plain.mean_score
    if abs(shift) > MOST_SHIFTED:
        found.append(
            "its scores are {:+.4f} off on average (at most {:g})".format(shift, MOST_SHIFTED)
        )
    estranged = (plain.familiar_kept or 0.0) - (coarse.familiar_kept or 0.0)
    if estranged > MOST_ESTRANGED:
        found.append(
            "it calls {:.4f} more of the known pictures unfamiliar (at most {:g})".format(
                estranged, MOST_ESTRANGED
            )
        )
    return found
