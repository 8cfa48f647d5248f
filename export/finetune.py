"""Fine-tuning: kept where pictures that it has not learnt from say so, and otherwise not."""

from contextlib import contextmanager
from typing import Any, Callable, Iterator, List, NamedTuple, Optional, Sequence

import numpy as np

from export.network.extract import BATCH_SIZE
from export.network.fit import ctrl_c_between_steps
from export.network.tune import Tuner
from export.progress import Progress
from export.recipe import calibration
from export.recipe.candidate import Candidate
from export.recipe.folds import NEVER
from export.recipe.heads import HeadFitter

ENOUGH = 200
"""Pictures that suffice to compare by: no more folds are tried than have so many."""

ERRORS_BETTER = 1.0
"""Standard errors by which it must be better, for what it costs."""


class Compared(NamedTuple):
    """How fine-tuning did on pictures that it had not learnt from.

    Attributes:
        epochs: after how many it was best; 0: it was not better.
        before, after: the mean losses without it, and at its best.
        logits: float[n, classes], by networks that have not seen the picture; NaN: there is none.
    """

    epochs: int
    before: float
    after: float
    logits: np.ndarray


class FineTuning:
    """A base whose last blocks may learn from the pictures."""

    def __init__(
        self,
        base: Any,
        fitter: HeadFitter,
        pictures: Callable[[np.ndarray, bool], Any],
        count: int,
        epochs: int,
    ) -> None:
        """Learn nothing yet.

        Args:
            base: what `export.network.model.base` returned.
            fitter: fits the head that it begins with.
            pictures: returns a tf.data.Dataset of some pictures, by their numbers: to learn from
                (True), in another order each time, or as they are.
            count: how many of the last blocks learn.
            epochs: at most so many.
        """
        self._base = base
        self._fitter = fitter
        self._pictures = pictures
        self._count = count
        self._epochs = epochs

    def compare(self, candidate: Candidate, folds: np.ndarray) -> Optional[Compared]:
        """Try it, fold by fold, as long as it may help; None without a fold.

        Args:
            candidate: the recipe of the head.
            folds: int[n], see `export.recipe.folds`.

        Raises:
            KeyboardInterrupt: Ctrl-C.
        """
        parts = [np.flatnonzero(folds == fold) for fold in range(int(folds.max()) + 1)]
        sizes = np.cumsum([len(part) for part in parts])
        parts = parts[: int(np.searchsorted(sizes, ENOUGH)) + 1]
        learning = np.flatnonzero(folds >= NEVER)
        steps = sum(_batches(len(learning) - len(part)) for part in parts) * self._epochs
        found: List[np.ndarray] = []
        compared = None
        with _steps(steps) as tell:
            for part in parts:
                chosen = np.setdiff1d(learning, part)
                found.append(self._logits_by_epoch(candidate, chosen, part, tell))
                compared = self._compared(parts[: len(found)], np.concatenate(found, axis=1))
                if not compared.epochs:
                    break
        return compared

    def fit(
        self, candidate: Candidate, chosen: np.ndarray, epochs: int, temperature: float
    ) -> Tuner:
        """Return the Tuner of a network that has learnt; its `restore` gives the base back.

        Args:
            candidate: the recipe of the head.
            chosen: int[m], the numbers of the pictures to learn from.
            epochs: how many times.
            temperature: what its logits are divided by.

        Raises:
            KeyboardInterrupt: Ctrl-C.
        """
        tuner, pictures = self._tuner(candidate, chosen), self._pictures(chosen, True)
        try:
            with _steps(_batches(len(chosen)) * epochs) as tell:
                for _ in range(epochs):
                    tuner.learn(pictures, tell)
        except KeyboardInterrupt:
            tuner.restore()
            raise
        tuner.settle(temperature)
        return tuner

    def _tuner(self, candidate: Candidate, chosen: np.ndarray) -> Tuner:
        head = self._fitter.fit([candidate], chosen)[0]
        first = np.unique(self._fitter.classes, return_index=True)[1]
        weights = self._fitter.weights()[first]
        return Tuner(self._base, candidate.blocks, head, self._count, weights)

    def _logits_by_epoch(
        self, candidate: Candidate, chosen: np.ndarray, unseen: np.ndarray, tell: Callable[[], None]
    ) -> np.ndarray:
        """Return float[1 + epochs, m, classes]: of `unseen`, before and after each epoch."""
        tuner, pictures = self._tuner(candidate, chosen), self._pictures(chosen, True)
        found = []
        try:
            for epoch in range(self._epochs + 1):
                if epoch:
                    tuner.learn(pictures, tell)
                with tuner.averaged():
                    scores = tuner.network.predict(self._pictures(unseen, False), verbose=0)
                found.append(np.log(np.maximum(scores, 1e-12)))
        finally:
            tuner.restore()
        return np.stack(found)

    def _compared(self, parts: Sequence[np.ndarray], found: np.ndarray) -> Compared:
        """Return what the logits of some pictures, before and after each epoch, come to."""
        unseen = np.concatenate(parts)
        classes, weights = self._fitter.classes[unseen], self._fitter.weights()[unseen]
        losses = []
        for logits in found:
            temperature = calibration.temperature(logits, classes, weights)
            losses.append(weights * calibration.losses(logits, classes, temperature))
        best = int(np.argmin([one.mean() for one in losses]))
        gained = losses[0] - losses[best]
        if gained.mean() <= ERRORS_BETTER * gained.std() / np.sqrt(len(gained)):
            best = 0
        logits = np.full((len(self._fitter.classes), found.shape[2]), np.nan)
        logits[unseen] = found[best]
        return Compared(best, float(losses[0].mean()), float(losses[best].mean()), logits)


def story(compared: Optional[Compared]) -> str:
    """Return what a comparison came to as text; `compared`: None where there was none."""
    if compared is None:
        return "no picture could tell whether it helps: the base stays as it is"
    if not compared.epochs:
        return "no better on pictures it had not learnt from: the base stays as it is"
    return (
        "{0.epochs} epochs: on pictures it had not learnt from, the loss is {0.after:.3f}, and was "
        "{0.before:.3f} without it"
    ).format(compared)


def _batches(pictures: int) -> int:
    return -(-pictures // BATCH_SIZE)


@contextmanager
def _steps(count: int) -> Iterator[Callable[[], None]]:
    """Yield what is to be called after each of `count` steps, and then raises Ctrl-C, too."""
    done: List[int] = []
    with Progress("fine-tune", count, "step") as progress, ctrl_c_between_steps() as asked:

        def tell() -> None:
            done.append(1)
            progress.update(len(done))
            if asked.is_set():
                raise KeyboardInterrupt

        yield tell
