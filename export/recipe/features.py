"""What a base makes of pictures: the averages of its blocks."""

from typing import Dict, NamedTuple, Sequence

import numpy as np


class Features(NamedTuple):
    """The averages of some blocks, of pictures and of varied copies of them.

    Attributes:
        blocks: {block: float16[n, 1 + copies, channels]}, the picture as it is first. Rounding them
            so (by 0.05%) halves the memory that many pictures take.
    """

    blocks: Dict[str, np.ndarray]

    @property
    def pictures(self) -> int:
        """How many there are."""
        return len(next(iter(self.blocks.values())))

    def rows(self, blocks: Sequence[str], chosen: np.ndarray, copies: int) -> np.ndarray:
        """Return the averages of `blocks` side by side: float32[m * (1 + copies), channels].

        Args:
            blocks: names of some of them, in the order of the network.
            chosen: int[m], numbers of pictures; the versions of each follow one another.
            copies: how many varied copies of each, besides the picture as it is.
        """
        parts = [self.blocks[block][chosen, : 1 + copies] for block in blocks]
        flat = np.concatenate(parts, axis=-1)
        return flat.reshape(-1, flat.shape[-1]).astype(np.float32)

    def copies(self, chosen: np.ndarray) -> "Features":
        """Return the Features of a varied copy of each of some pictures, in its place."""
        return Features({block: kept[chosen, 1:2] for block, kept in self.blocks.items()})
