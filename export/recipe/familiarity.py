"""How familiar a picture is: the share of known pictures that are less like those learnt from.

Three signs, of which the worst counts, for each sees what another does not:

- the distance to the nearest class, in units of the spread within classes (Mahalanobis,
  arXiv:1807.03888): other scenes, noise;
- how much nearer that is than to all pictures together (arXiv:2106.09022): other things in scenes
  that are known;
- a linear model of known against strange pictures (outlier exposure, arXiv:1812.04606): what is
  plain, dark or blurred lies between the classes, and near to all.
"""

from typing import NamedTuple, Optional, Tuple

import numpy as np
from sklearn.covariance import ledoit_wolf
from sklearn.decomposition import PCA

from export.recipe import side_by_side
from export.recipe.blocks import BLOCKS
from export.recipe.candidate import START
from export.recipe.folds import NEVER
from export.recipe.head import Dense
from export.recipe.linear import Fitting

HIGHEST = BLOCKS[8]
"""The averages of the blocks above tell what is strange less well."""

MOST_AXES = 128
"""Along which distances are taken; 64 and 256 did as well."""

BESIDE = 0.5
"""The mean square of a standardised feature that counts beside the axes like 1 along them.

Without what is beside them, axes found by pictures tell these, and their next shots, from others.
"""

LIMIT = 8.0
"""Standard deviations at which features end, so that no sign of the strangest overflows FP16."""

FEWEST = 10
"""Known pictures that tell what is usual; in fewer there is no tail to go by."""

TAIL = 0.1
"""The share of the least familiar, by which those are judged that are less familiar still."""

TAIL_SHARES = (1e-5, 1e-4, 1e-3, 3e-3, 0.01, 0.02, 0.05)
"""Where a line is broken that stands for the exponential curve of the tail."""


class Signs(NamedTuple):
    """What tells known pictures from others, and what it was found by.

    Attributes:
        mean, spread: float32[channels], what features are standardised by.
        projection: of the standardised onto axes, and how much it looks like a known picture.
        within, overall: float32[axes, axes], which whiten the axes: within classes, and over all.
        centres: float32[classes, axes], of the classes, whitened within them.
    """

    mean: np.ndarray
    spread: np.ndarray
    projection: Dense
    within: np.ndarray
    overall: np.ndarray
    centres: np.ndarray

    def of(self, rows: np.ndarray) -> np.ndarray:
        """Return float32[n, 3] of float32[n, channels]: the signs, the higher the more familiar."""
        rows = np.clip((rows - self.mean) / self.spread, -LIMIT, LIMIT)
        projected = rows.dot(self.projection.weights) + self.projection.bias
        turned = projected[:, :-1]
        within, overall = turned.dot(self.within), turned.dot(self.overall)
        nearest = (np.square(self.centres).sum(axis=1) - 2 * within.dot(self.centres.T)).min(axis=1)
        beside = np.square(rows).mean(axis=1) - np.square(turned).sum(axis=1)
        distance = np.square(within).sum(axis=1) + nearest + beside / BESIDE
        distance = np.maximum(distance, 0.0)
        relative = np.square(overall).sum(axis=1) + beside - distance
        return np.stack([-np.sqrt(distance), relative, projected[:, -1]], axis=1)


class Familiarity(NamedTuple):
    """Signs, and what is usual of them.

    Attributes:
        blocks: whose averages they are found by, side by side.
        signs: the Signs.
        usual, width: float32[3]: the median of each among known pictures, and how far below it a
            standard deviation reaches.
        knots, shares: float32[m], of the broken line from the worst sign, in widths, to the share
            of known pictures that are less familiar.
    """

    blocks: Tuple[str, ...]
    signs: Signs
    usual: np.ndarray
    width: np.ndarray
    knots: np.ndarray
    shares: np.ndarray

    def of(self, rows: np.ndarray) -> np.ndarray:
        """Return float[n] of float32[n, channels]: 0 for what is like nothing known, to 1."""
        worst = ((self.signs.of(rows) - self.usual) / self.width).min(axis=1)
        return np.interp(worst, self.knots, self.shares)


def blocks(end: str, learning: int = 0) -> Tuple[str, ...]:
    """Return the blocks that tell it best of those up to `end`, of which the last few learn."""
    return BLOCKS[: max(0, min(BLOCKS.index(end) - learning, BLOCKS.index(HIGHEST)) + 1)]


def fitted(
    used: Tuple[str, ...],
    rows: np.ndarray,
    classes: np.ndarray,
    folds: np.ndarray,
    strange: np.ndarray,
) -> Optional[Familiarity]:
    """Return the Familiarity to pictures in folds, or None where too few tell what is usual.

    What is usual is found by pictures that the signs have not seen, fold by fold.

    Args:
        used: see Familiarity.
        rows: float32[n, channels], of pictures as they are.
        classes: int[n].
        folds: int[n], see `export.recipe.folds`.
        strange: float32[m, channels], of strange pictures.
    """
    learnt, jobs = folds >= NEVER, []
    for fold in range(int(folds.max()) + 1):
        seen, unseen = learnt & (folds != fold), folds == fold
        if seen.any() and unseen.any():
            jobs.append((seen, unseen))

    def of_unseen(job: Tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        seen, unseen = job
        return signs(rows[seen], classes[seen], strange).of(rows[unseen])

    found = side_by_side.each(of_unseen, jobs)
    known = np.concatenate(found) if found else np.empty((0, 3))
    if len(known) < FEWEST:
        return None
    usual, low = np.median(known, axis=0), np.quantile(known, 0.16, axis=0)
    width = np.maximum(usual - low, 1e-6)
    knots, shares = _line(((known - usual) / width).min(axis=1))
    arrays = (array.astype(np.float32) for array in (usual, width, knots, shares))
    return Familiarity(used, signs(rows[learnt], classes[learnt], strange), *arrays)


def signs(rows: np.ndarray, classes: np.ndarray, strange: np.ndarray) -> Signs:
    """Return the Signs of known pictures, against strange ones; see `fitted`."""
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    known, strange = (
        np.clip((some - mean) / spread, -LIMIT, LIMIT).astype(np.float32)
        for some in (rows, strange)
    )
    count = max(1, min(MOST_AXES, len(known) // 2, known.shape[1]))
    turn = PCA(count, svd_solver="randomized", random_state=0).fit(known)
    axes = turn.components_.T / np.sqrt(known.shape[1])
    turned = known.dot(axes)
    numbers, places = np.unique(classes, return_inverse=True)
    centres = np.stack([turned[classes == number].mean(axis=0) for number in numbers])
    within, overall = _whitening(turned - centres[places]), _whitening(turned)
    both = np.concatenate([known, strange])
    is_known = np.arange(len(both)) < len(known)
    model = Fitting(both, is_known.astype(int), balanced=True).fit(START).layers[0]
    projection = Dense(
        np.concatenate([axes, model.weights[:, 1:] - model.weights[:, :1]], axis=1),
        np.concatenate([np.zeros(count, np.float32), model.bias[1:] - model.bias[:1]]),
    )
    return Signs(mean, spread, projection, within, overall, centres.dot(within))


def _whitening(rows: np.ndarray) -> np.ndarray:
    """Return float[axes, axes]: what turns rows about 0 into ones with a mean square of 1 in all.

    Their covariance is shrunk (O. Ledoit, M. Wolf, J. Multivariate Analysis 88, 2004), for there
    may be fewer rows than axes.
    """
    covariance = ledoit_wolf(rows, assume_centered=True)[0]
    floor = 1e-6 * max(float(np.trace(covariance)) / len(covariance), 1e-6)
    inverse = np.linalg.inv(covariance + floor * np.eye(len(covariance)))
    whitening: np.ndarray = np.linalg.cholesky(inverse) / np.sqrt(len(covariance))
    return whitening.astype(np.float32)


def _line(worst: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Return (knots, shares) of the share of known pictures that are below a value.

    Above the TAIL these are the quantiles; in it, and below all that was seen, an exponential curve
    (a generalised Pareto distribution of shape 0: J. Pickands, Annals of Statistics 3, 1975).
    """
    tail = min(0.5, max(TAIL, FEWEST / len(worst)))
    edge = float(np.quantile(worst, tail))
    excess = max(float(np.mean(edge - worst[worst <= edge])), 1e-3)
    below = np.array([share for share in TAIL_SHARES if share < tail])
    above = np.linspace(tail, 1.0, 10)
    knots = np.concatenate([edge - excess * np.log(tail / below), np.quantile(worst, above)])
    shares = np.concatenate([[0.0], below[1:], above])
    steps = np.maximum(np.diff(knots), 1e-4)  # no two at one place, or the line had no slope there
    return knots[0] + np.concatenate([[0.0], np.cumsum(steps)]), shares
