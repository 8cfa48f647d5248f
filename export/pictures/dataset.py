"""Pictures as a tf.data pipeline over the daemon's own preprocessing."""

import os
from typing import Any, List, Optional, Sequence

import numpy as np
import tensorflow as tf

from edge.prepare import preprocess
from export.pictures import augment

AHEAD = 2
"""How many batches are prepared while one is being used."""

AS_IT_IS = -1
"""Instead of a seed for `augment.vary`: leave the picture as it is."""


def rows(paths: Sequence[str], batch_size: int) -> tf.data.Dataset:
    """Read and prepare pictures in parallel, in batches, in their order.

    Args:
        paths: picture files, all readable.
        batch_size: pictures in a batch; the last one may have fewer.

    Returns:
        A tf.data.Dataset of uint8[n, 299, 299, 3]: byte for byte what the daemon's rows hold.
    """
    return versions(paths, 0, batch_size).map(lambda found: found[:, 0])


def versions(paths: Sequence[str], copies: int, batch_size: int) -> tf.data.Dataset:
    """Read and prepare pictures, each followed by varied copies of it.

    Args:
        paths, batch_size: as for `rows`.
        copies: how many of each picture, varied by a seed of their own (`augment.vary`).

    Returns:
        A tf.data.Dataset of uint8[n, 1 + copies, 299, 299, 3], n pictures in a batch.
    """

    def prepare(path: Any, number: Any) -> Any:
        found = tf.numpy_function(
            lambda data, picture: _versions(data, picture, len(paths), copies),
            [tf.io.read_file(path), number],
            tf.uint8,
        )
        return tf.ensure_shape(found, (1 + copies,) + preprocess.ROW)

    numbered = tf.data.Dataset.from_tensor_slices((_names(paths), list(range(len(paths)))))
    prepared = numbered.map(prepare, num_parallel_calls=tf.data.AUTOTUNE)
    return prepared.batch(batch_size).prefetch(AHEAD)


def examples(
    paths: Sequence[str],
    classes: np.ndarray,
    batch_size: int,
    shuffle_seed: Optional[int] = None,
    varied: bool = False,
) -> tf.data.Dataset:
    """Read and prepare pictures with their classes, anew in each epoch.

    Args:
        paths, batch_size: as for `rows`.
        classes: int[n], the number of each picture's class.
        shuffle_seed: of another order in each epoch; None: keep the order.
        varied: vary each picture by its place in the epoch's order.

    Returns:
        A tf.data.Dataset of (uint8[n, 299, 299, 3], int32[n]).
    """
    pairs = tf.data.Dataset.from_tensor_slices((_names(paths), np.asarray(classes, np.int32)))
    if shuffle_seed is not None:
        pairs = pairs.shuffle(len(paths), seed=shuffle_seed)
    if varied:
        variations = tf.data.Dataset.range(len(paths))
    else:
        variations = tf.data.Dataset.from_tensors(tf.constant(AS_IT_IS, tf.int64)).repeat()
    prepared = tf.data.Dataset.zip((pairs, variations)).map(
        lambda pair, variation: (_row(pair[0], variation), pair[1]),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    return prepared.batch(batch_size).prefetch(AHEAD)


def _names(paths: Sequence[str]) -> List[bytes]:
    return [os.fsencode(path) for path in paths]


def _versions(data: bytes, picture: int, pictures: int, copies: int) -> np.ndarray:
    row = preprocess.load(data)
    varied = [augment.vary(row, copy * pictures + picture) for copy in range(copies)]
    return np.stack([row] + varied)


def _row(path: Any, variation: Any) -> Any:
    row = tf.numpy_function(_prepare, [tf.io.read_file(path), variation], tf.uint8)
    return tf.ensure_shape(row, preprocess.ROW)


def _prepare(data: bytes, variation: int) -> np.ndarray:
    row = preprocess.load(data)
    return row if variation == AS_IT_IS else augment.vary(row, variation)
