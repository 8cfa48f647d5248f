"""What more pictures would give: how a recipe does on unseen ones, the more it learns from."""

from typing import List, NamedTuple, Sequence

import numpy as np

from export.recipe.candidate import Candidate
from export.recipe.folds import NEVER
from export.recipe.heads import HeadFitter

SHARES = (0.25, 0.5)
"""Of the pictures to learn from; all of them were learnt from before."""


class Point(NamedTuple):
    """A point of a learning curve.

    Attributes:
        pictures: that were learnt from, on average of the folds.
        accuracy: on others, 0 to 1.
    """

    pictures: float
    accuracy: float


def measured(
    fitter: HeadFitter, candidate: Candidate, folds: np.ndarray, logits: np.ndarray
) -> List[Point]:
    """Return the Points of a recipe, with few pictures first; none where there are no folds.

    Args:
        fitter: fits heads to the pictures.
        candidate: the recipe.
        folds: int[n], see `export.recipe.folds`.
        logits: float[n, classes] of the pictures in folds, by all the others.
    """
    numbers = [fold for fold in range(int(folds.max()) + 1) if (folds == fold).any()]
    if not numbers:
        return []
    seen = folds >= 0
    points = []
    for share in SHARES:
        learnt = [np.flatnonzero((folds >= NEVER) & (folds != fold)) for fold in numbers]
        some = [_some(chosen, fitter.classes[chosen], share) for chosen in learnt]
        right = []
        for fold, head in zip(numbers, fitter.fit_each(candidate, some)):
            unseen = np.flatnonzero(folds == fold)
            found = fitter.logits(candidate, head, unseen).argmax(axis=1)
            right.append(found == fitter.classes[unseen])
        pictures = np.mean([len(chosen) for chosen in some])
        points.append(Point(float(pictures), float(np.mean(np.concatenate(right)))))
    whole = np.mean([np.sum((folds >= NEVER) & (folds != fold)) for fold in numbers])
    accuracy = np.mean(logits[seen].argmax(axis=1) == fitter.classes[seen])
    return points + [Point(float(whole), float(accuracy))]


def expected(points: Sequence[Point], pictures: float) -> float:
    """Return the accuracy to expect of more pictures than the Points have.

    Errors fall as a power of the number of pictures (arXiv:1712.00409): a line of logarithms, by
    least squares; accuracy is not expected to fall.

    Args:
        points: at least two.
        pictures: how many to learn from.
    """
    errors = np.log(np.maximum([1.0 - point.accuracy for point in points], 1e-3))
    counts = np.log([point.pictures for point in points])
    slope = min(np.polyfit(counts, errors, 1)[0], 0.0)
    return float(1.0 - np.exp(errors.mean() + slope * (np.log(pictures) - counts.mean())))


def _some(learnt: np.ndarray, classes: np.ndarray, share: float) -> np.ndarray:
    """Return a share of each class's pictures, one at least."""
    chance = np.random.RandomState(0)
    chosen = []
    for number in np.unique(classes):
        members = chance.permutation(learnt[classes == number])
        chosen.append(members[: max(1, int(round(share * len(members))))])
    return np.sort(np.concatenate(chosen))
