"""InceptionV3's inception blocks, by name."""

from typing import Sequence

BLOCKS = tuple("mixed{}".format(number) for number in range(11))
"""From below, as Keras calls them (arXiv:1512.00567, table 1)."""


def said(blocks: Sequence[str]) -> str:
    """Return some blocks in words, a run of them by its ends."""
    numbers = [BLOCKS.index(block) for block in blocks]
    if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        return "{} to {}".format(blocks[0], blocks[-1])
    return ", ".join(blocks)
