"""Which recipe suits these photographs: candidates compared on pictures they have not seen."""

import functools
import itertools
from typing import Callable, Dict, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from export.recipe import calibration, side_by_side
from export.recipe.candidate import (
    HIDDEN,
    LINEAR,
    START,
    STRENGTHS,
    USUAL,
    Candidate,
    Fixed,
    block_sets,
)
from export.recipe.folds import NEVER
from export.recipe.head import Head
from export.recipe.heads import HeadFitter

ERRORS_APART = 2.0
"""Standard errors by which a candidate is worse than the best when it is tried no further."""

FEWEST = 2
"""So many go on to the next fold, if they are not worse."""

MOST_FITS = 60
"""How many heads are fitted at the most, or nearly: for progress."""


class Choice(NamedTuple):
    """What a search came to.

    Attributes:
        candidate: the best.
        logits: float32[n, classes] of heads that have not seen the picture; NaN: there is none.
        heads: {fold: the Head that has not seen it}.
        interrupted: whether Ctrl-C ended the search.
    """

    candidate: Candidate
    logits: np.ndarray
    heads: Dict[int, Head]
    interrupted: bool


class Search:
    """Candidates, and how they did on each fold so far."""

    def __init__(
        self, fitter: HeadFitter, folds: np.ndarray, tell: Callable[[int, Candidate], None]
    ) -> None:
        """Begin with nothing tried.

        Args:
            fitter: fits heads to the pictures.
            folds: int[n], see `export.recipe.folds`.
            tell: called with how many fits are done, and the best so far.
        """
        self._fitter = fitter
        self._weights = fitter.weights()
        self._folds = folds
        self._tell = tell
        self._logits: Dict[Candidate, np.ndarray] = {}
        self._heads: Dict[Candidate, Dict[int, Head]] = {}
        self._best: Optional[Candidate] = None
        self._fits = 0

    def run(self, copies: int, fixed: Fixed) -> Choice:
        """Try what there is to choose between; return the Choice.

        Without a fold there is nothing to compare by, and it is the USUAL blocks.

        Args:
            copies: varied copies to learn from.
            fixed: what is not to be chosen.

        Raises:
            KeyboardInterrupt: Ctrl-C before one candidate was tried.
        """
        strength = START if fixed.strength is None else fixed.strength
        if self._folds.max() < 0:
            usual = Candidate(fixed.blocks or USUAL, fixed.head or LINEAR, strength, copies)
            return Choice(usual, self._known(usual), {}, False)
        sets = [fixed.blocks] if fixed.blocks else block_sets()
        interrupted = False
        try:
            best = self._race([Candidate(blocks, LINEAR, strength, copies) for blocks in sets])
            if fixed.strength is None:
                best = self._race([best] + [best._replace(strength=other) for other in STRENGTHS])
            if fixed.head != LINEAR:
                hidden = best._replace(head=HIDDEN)
                self._race([hidden] if fixed.head == HIDDEN else [best, hidden])
        except KeyboardInterrupt:
            if self._best is None:
                raise
            interrupted = True
        assert self._best is not None
        return Choice(self._best, self._logits[self._best], self._heads[self._best], interrupted)

    def _race(self, candidates: Sequence[Candidate]) -> Candidate:
        """Compare candidates fold by fold, and return the best of those that came to the end.

        After each fold no more is tried of what is worse than the best by more than chance, nor of
        the worse half, so that most of the time goes to what is near it.
        """
        running, is_first = list(candidates), self._best is None
        for fold in range(int(self._folds.max()) + 1):
            self._try(running, fold)
            losses = {one: self._losses(one, fold) for one in running}
            running.sort(key=lambda one: float(losses[one].mean()))
            best = running[0]
            if is_first:  # until one race has come to its end, its leader is the best there is
                self._best = best
            near = [one for one in running if not _is_worse(losses[one] - losses[best])]
            running = near[: max(FEWEST, (len(running) + 1) // 2)]
            self._tell(self._fits, best)
        self._best = best
        self._heads = {best: self._heads[best]}
        return best

    def _try(self, candidates: Sequence[Candidate], fold: int) -> None:
        """Have the logits of the pictures of a fold, from heads that learnt from the others."""
        unseen = np.flatnonzero(self._folds == fold)
        chosen = np.flatnonzero((self._folds >= NEVER) & (self._folds != fold))
        new = [one for one in candidates if np.isnan(self._known(one)[unseen]).any()]
        jobs = [list(job) for _, job in itertools.groupby(new, _features_of)]
        fits = side_by_side.each(functools.partial(self._fitter.fit, chosen=chosen), jobs)
        for candidate, head in zip(itertools.chain(*jobs), itertools.chain(*fits)):
            logits = self._fitter.logits(candidate, head, unseen)
            self._known(candidate)[unseen] = logits
            self._heads.setdefault(candidate, {})[fold] = head
        self._fits += len(new)

    def _known(self, candidate: Candidate) -> np.ndarray:
        if candidate not in self._logits:
            shape = (len(self._folds), int(self._fitter.classes.max()) + 1)
            self._logits[candidate] = np.full(shape, np.nan, np.float32)
        return self._logits[candidate]

    def _losses(self, candidate: Candidate, last: int) -> np.ndarray:
        """Return the weighted losses of the pictures of the folds up to `last`: float[m]."""
        seen = (self._folds >= 0) & (self._folds <= last)
        logits, classes = self._logits[candidate][seen], self._fitter.classes[seen]
        weights = self._weights[seen]
        temperature = calibration.temperature(logits, classes, weights)
        return weights * calibration.losses(logits, classes, temperature)


def _features_of(candidate: Candidate) -> Tuple[Sequence[str], str, int]:
    return candidate.blocks, candidate.head, candidate.copies


def _is_worse(differences: np.ndarray) -> bool:
    """Return True if losses are greater, by more than chance."""
    error = differences.std() / np.sqrt(len(differences))
    return bool(differences.mean() > ERRORS_APART * error)
