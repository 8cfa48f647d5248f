"""One pass of pictures through a base, for the features of all its blocks at once."""

from typing import Any, Sequence

import numpy as np
import tensorflow as tf

from export.network import model
from export.pictures import dataset
from export.progress import Progress
from export.recipe.features import Features

BATCH_SIZE = 16
"""Pictures in a pass of the whole network: forward, about 0.6 GB of activations."""


def extract(base: Any, paths: Sequence[str], blocks: Sequence[str], copies: int) -> Features:
    """Return the Features of readable picture files.

    Args:
        base: what `export.network.model.base` returned.
        paths: the files.
        blocks: which of the base's blocks.
        copies: how many varied copies of each picture.
    """
    network = model.averages(base, blocks)

    @tf.function(input_signature=[model.PIXELS])
    def run(pixels: Any) -> Any:
        return tf.nest.flatten(network(model.normalise(pixels), training=False))

    count = len(paths) * (1 + copies)
    found = [np.empty((count, channels), np.float16) for channels in model.channels(network)]
    done = 0
    with Progress("features", count, "picture") as progress:
        for pixels in dataset.versions(paths, copies, BATCH_SIZE):
            for kept, averages in zip(found, run(pixels)):
                kept[done : done + len(pixels)] = averages.numpy()
            done += len(pixels)
            progress.update(done)
    shape = (len(paths), 1 + copies, -1)
    return Features({block: kept.reshape(shape) for block, kept in zip(blocks, found)})
