"""One pass of pictures through a base, for the features of all its blocks at once."""

import time
from typing import Any, Iterable, Iterator, List, Sequence

import numpy as np
import tensorflow as tf

from export.network import model
from export.pictures import dataset
from export.progress import Progress
from export.recipe.features import Features

BATCH_SIZE = 16
"""Pictures in a pass of the whole network: forward, about 0.6 GB of activations."""


class Extractor:
    """A base, ready to compute the averages of some blocks."""

    def __init__(self, base: Any, blocks: Sequence[str]) -> None:
        """Build the network as far as it is needed.

        Args:
            base: what `export.network.model.base` returned.
            blocks: which of the base's blocks.
        """
        network = model.averages(base, blocks)

        @tf.function(input_signature=[model.PIXELS])
        def run(pixels: Any) -> Any:
            return tf.nest.flatten(network(model.normalise(pixels), training=False))

        self._run = run
        self._blocks = tuple(blocks)
        self._channels = model.channels(network)

    def extract(self, paths: Sequence[str], copies: int, name: str = "features") -> Features:
        """Return the Features of readable picture files, and print how long that took.

        Args:
            paths: the files.
            copies: how many varied copies of each picture.
            name: what the progress calls them.
        """
        batches = dataset.versions(paths, copies, BATCH_SIZE)
        waits: List[float] = []
        began = time.monotonic()
        found = self._extract(_timed(batches, waits), name, len(paths), 1 + copies)
        seconds = time.monotonic() - began
        print(
            "{}: {:.0f} s, {:.0%} of which the network waited for pictures".format(
                name, seconds, sum(waits) / seconds
            )
        )
        return found

    def extract_rows(self, rows: np.ndarray, name: str) -> Features:
        """Return the Features of uint8[n, 299, 299, 3]; the progress calls them `name`."""
        batches = (rows[n : n + BATCH_SIZE] for n in range(0, len(rows), BATCH_SIZE))
        return self._extract(batches, name, len(rows), 1)

    def _extract(self, batches: Iterable[Any], name: str, pictures: int, versions: int) -> Features:
        count = pictures * versions
        found = [np.empty((count, channels), np.float16) for channels in self._channels]
        done = 0
        with Progress(name, count, "picture") as progress:
            for pixels in batches:
                for kept, averages in zip(found, self._run(pixels)):
                    kept[done : done + len(pixels)] = averages.numpy()
                done += len(pixels)
                progress.update(done)
        shape = (pictures, versions, -1)
        return Features({block: kept.reshape(shape) for block, kept in zip(self._blocks, found)})


def _timed(batches: Iterable[Any], waits: List[float]) -> Iterator[Any]:
    """Yield batches; `waits` gets the seconds until each was there."""
    ahead = iter(batches)
    while True:
        began = time.monotonic()
        pixels = next(ahead, None)
        waits.append(time.monotonic() - began)
        if pixels is None:
            return
        yield pixels
