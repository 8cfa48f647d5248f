"""Pictures as a tf.data pipeline over the daemon's own preprocessing."""

import os

import tensorflow as tf

from edge import preprocess

AHEAD = 2
"""How many batches are prepared while one is being used."""


def rows(paths, batch_size):
    """Read and prepare pictures in parallel, in batches, in their order.

    Args:
        paths: picture files, all readable.
        batch_size: pictures in a batch; the last one may have fewer.

    Returns:
        A tf.data.Dataset of uint8[n, 299, 299, 3]: byte for byte what the daemon's rows hold.
    """
    files = tf.data.Dataset.from_tensor_slices([os.fsencode(path) for path in paths])
    rows_one_by_one = files.map(_row, num_parallel_calls=tf.data.AUTOTUNE)
    return rows_one_by_one.batch(batch_size).prefetch(AHEAD)


def _row(path):
    row = tf.numpy_function(preprocess.load, [tf.io.read_file(path)], tf.uint8)
    return tf.ensure_shape(row, preprocess.ROW)
