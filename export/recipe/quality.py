"""How much is tried for the best recipe."""

from typing import NamedTuple


class Quality(NamedTuple):
    """What a level of `--quality` means.

    Attributes:
        copies: varied copies of each picture to learn from, where pictures are many.
        folds: parts that candidates are compared on, one after the other.
        hidden: whether a head with a hidden layer is tried, too.
        strange: rows of each kind of `export.pictures.strange`; 40 did no better than 20.
        fine_tune: how many of the last blocks may learn, too, if that helps.
    """

    copies: int
    folds: int
    hidden: bool
    strange: int
    fine_tune: int

    def copies_of(self, pictures: int) -> int:
        """Return how many varied copies of each of so many pictures to learn from."""
        if not self.copies:
            return 0
        return min(MOST_COPIES, max(self.copies, ENOUGH // pictures))


ENOUGH = 400
"""Copies in all; of fewer pictures there are more of each, which gained 0.01 of macro-F1 at 25."""

MOST_COPIES = 8

FAST, GOOD, BEST = "fast", "good", "best"

LEVELS = {
    FAST: Quality(0, 3, False, 8, 0),
    GOOD: Quality(2, 5, True, 20, 0),
    BEST: Quality(4, 5, True, 20, 3),
}
