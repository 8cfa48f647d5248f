"""One way to make a head of features, and the ways that are worth a trial."""

from typing import List, NamedTuple, Optional, Tuple

from export.recipe.blocks import BLOCKS, said

LINEAR, HIDDEN = HEADS = ("linear", "hidden")

START = 0.01
"""The strength at which sets of blocks are compared; on real photographs it was mostly the best."""

STRENGTHS = (0.001, 0.003, 0.03, 0.1)
"""Tried beside it."""

USUAL = BLOCKS[:9]
"""What sees nearly as much as the best, whatever the pictures, where nothing can be compared."""


class Candidate(NamedTuple):
    """One way to make a head.

    Attributes:
        blocks: whose averages it sees, in the order of the network.
        head: one of HEADS.
        strength: of a linear one, see `export.recipe.linear`.
        copies: varied copies of each picture that it learns from.
    """

    blocks: Tuple[str, ...]
    head: str
    strength: float
    copies: int

    def __str__(self) -> str:
        strength = ", strength {:g}".format(self.strength) if self.head == LINEAR else ""
        return "a {} head on {}{}, {} varied copies of each picture".format(
            self.head, said(self.blocks), strength, self.copies
        )


class Fixed(NamedTuple):
    """What the user has chosen; None or empty: what suits the photographs.

    Attributes:
        blocks, head, strength: see Candidate.
    """

    blocks: Tuple[str, ...] = ()
    head: Optional[str] = None
    strength: Optional[float] = None


def block_sets() -> List[Tuple[str, ...]]:
    """Return the sets of blocks to compare.

    One block alone, as upper ones suit photographs like those the base was trained on; and runs
    that end at each height, since colour and texture are in the lower ones, which the upper ones
    leave out (arXiv:2201.03529).
    """
    alone = [(block,) for block in BLOCKS[3:]]
    from_the_first = [BLOCKS[: end + 1] for end in range(5, len(BLOCKS))]
    from_the_middle = [BLOCKS[4 : end + 1] for end in range(6, len(BLOCKS), 2)]
    return alone + from_the_first + from_the_middle
