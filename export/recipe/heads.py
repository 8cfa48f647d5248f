"""Heads of candidates, fitted to the features of chosen pictures."""

from typing import Callable, List, NamedTuple, Sequence

import numpy as np

from export.recipe import side_by_side
from export.recipe.candidate import HIDDEN, Candidate
from export.recipe.features import Features
from export.recipe.folds import hold_out
from export.recipe.head import Head
from export.recipe.linear import Fitting


class Examples(NamedTuple):
    """Pictures to learn from, or to stop by.

    Attributes:
        features: float32[n, channels].
        classes: int[n].
    """

    features: np.ndarray
    classes: np.ndarray


HiddenFit = Callable[[Examples, Examples], Head]
"""Fits a head with a hidden layer to the first Examples until the second get no better."""


class HeadFitter:
    """All the pictures, of which some are chosen to fit a head to."""

    def __init__(
        self,
        features: Features,
        classes: np.ndarray,
        groups: np.ndarray,
        balanced: bool,
        hidden: HiddenFit,
    ) -> None:
        """Keep what there is.

        Args:
            features: of the pictures.
            classes, groups: int[n], of each picture.
            balanced: whether rare classes are to count as much as common ones.
            hidden: fits a head with a hidden layer.
        """
        self._features = features
        self.classes = classes
        self._groups = groups
        self._balanced = balanced
        self._hidden = hidden

    def fit(self, candidates: Sequence[Candidate], chosen: np.ndarray) -> List[Head]:
        """Fit a Head for each of some candidates that differ in their strengths alone.

        Args:
            candidates: of the same blocks, head and copies.
            chosen: int[m], the numbers of the pictures to learn from.
        """
        first = candidates[0]
        if first.head == HIDDEN:
            stop = hold_out(self.classes[chosen], self._groups[chosen], seed=0)
            # of single pictures none can be spared: they stop it themselves
            stopping = chosen[stop] if stop.any() else chosen
            training = self._examples(first, chosen[~stop], first.copies)
            return [self._hidden(training, self._examples(first, stopping, 0))]
        fitting = Fitting(*self._examples(first, chosen, first.copies), balanced=self._balanced)
        return [fitting.fit(candidate.strength) for candidate in candidates]

    def fit_each(self, candidate: Candidate, choices: Sequence[np.ndarray]) -> List[Head]:
        """Fit a Head of one candidate to each of some choices of pictures, see `fit`."""
        if candidate.head == HIDDEN:  # one has all cores
            return [self.fit([candidate], chosen)[0] for chosen in choices]
        return side_by_side.each(lambda chosen: self.fit([candidate], chosen)[0], choices)

    def logits(self, candidate: Candidate, head: Head, chosen: np.ndarray) -> np.ndarray:
        """Return float32[m, classes] of some pictures as they are."""
        return head.logits(self._features.rows(candidate.blocks, chosen, 0))

    def weights(self) -> np.ndarray:
        """Return float[n], how much each picture's loss counts; 1 on average."""
        if not self._balanced:
            return np.ones(len(self.classes))
        counts = np.bincount(self.classes)
        return len(self.classes) / (np.count_nonzero(counts) * counts[self.classes])

    def _examples(self, candidate: Candidate, chosen: np.ndarray, copies: int) -> Examples:
        rows = self._features.rows(candidate.blocks, chosen, copies)
        return Examples(rows, np.repeat(self.classes[chosen], 1 + copies))
