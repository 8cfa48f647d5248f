"""What a training is worth, by scores of pictures that their model has not seen."""

from typing import List, Optional, Sequence, Tuple

import numpy as np

from export import scores, thresholds
from export.recipe import curve
from export.recipe.curve import Point
from export.recipe.folds import Plan

KEPT_FIGURES = (
    "pictures",
    "accuracy",
    "macro_f1",
    "expected_calibration_error",
    "reliability",
    "thresholds",
)
"""Of what is measured on held-out pictures, what the bundle's manifest has."""

KNOWN = 0.99
"""The daemon's `decide.familiar`, as it comes: so many known pictures keep their label."""

FEW = 20
"""Fewer pictures of a class are too few: of 5 classes and of 43, each doubling up to there gained
macro-F1 of 0.02 to 0.1, and those beyond it 0.01 to 0.04."""


def held_out_figures(
    labels: Sequence[str], classes: np.ndarray, found: np.ndarray, plan: Plan, seed: int
) -> scores.Figures:
    """Return the figures of what is held out, with intervals, as a dict for JSON.

    Args:
        labels: the class names.
        classes: int[n], of each picture.
        found: float[n, classes], scores of the pictures.
        plan: what each picture is for.
        seed: of the intervals.
    """
    truth, held_out = classes[plan.held_out], found[plan.held_out]
    figures = scores.measure(labels, truth, held_out)
    kept = {name: figures[name] for name in KEPT_FIGURES}
    kept.update(scores.intervals(truth, held_out, plan.groups[plan.held_out], seed))
    return kept


def familiar_kept(familiar: np.ndarray) -> float:
    """Return the share of pictures that keep their label at KNOWN.

    Args:
        familiar: float[m], how familiar they are to what has not seen them.
    """
    return round(float(np.mean(familiar >= 1.0 - KNOWN)), 4)


def threshold(
    classes: np.ndarray, found: np.ndarray, plan: Plan, precision: float
) -> Optional[float]:
    """Return the least that gives a precision, by what is not held out; None: nothing tells.

    Args:
        classes, found, plan: see `held_out_figures`.
        precision: 0 to 1.
    """
    known = ~(np.isnan(found).any(axis=1) | plan.held_out)
    return thresholds.least(found[known], classes[known], precision) if known.any() else None


def few(labels: Sequence[str], classes: np.ndarray) -> List[Tuple[str, int]]:
    """Return (label, pictures) of the classes that have too few, the poorest first."""
    counts = np.bincount(classes, minlength=len(labels))
    poor = [(label, int(count)) for label, count in zip(labels, counts) if count < FEW]
    return sorted(poor, key=lambda one: one[1])


def curve_text(points: Sequence[Point]) -> str:
    """Return a learning curve of at least two Points in words."""
    twice = 2 * points[-1].pictures
    seen = ", ".join("{0.accuracy:.2f} by {0.pictures:.0f}".format(point) for point in points)
    expected = "expect {:.2f} by {:.0f}".format(curve.expected(points, twice), twice)
    return "learning curve, the share right by pictures learnt from: {}; {}".format(seen, expected)
