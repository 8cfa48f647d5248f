"""What a graph says of pictures."""

from typing import NamedTuple, Optional

import numpy as np


class Scored(NamedTuple):
    """What a graph says of one picture.

    Attributes:
        scores: float32[classes], summing to 1.
        familiar: the share of known pictures that are less like those it was trained on, 0 to 1;
            None: the graph does not say.
    """

    scores: np.ndarray
    familiar: Optional[float] = None


class Outputs(NamedTuple):
    """What a graph says of a batch.

    Attributes:
        scores: float32[n, classes].
        familiar: float32[n], or None.
    """

    scores: np.ndarray
    familiar: Optional[np.ndarray] = None

    def is_finite(self, number: int) -> bool:
        """Return True if it says numbers of one row, and no NaN."""
        familiar = 0.0 if self.familiar is None else self.familiar[number]
        return bool(np.isfinite(self.scores[number]).all() and np.isfinite(familiar))

    def of(self, number: int) -> Scored:
        """Return what it says of one row."""
        familiar = None if self.familiar is None else float(self.familiar[number])
        return Scored(self.scores[number], familiar)
