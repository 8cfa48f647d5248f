"""InceptionV3 as a fixed base of features, and the head that learns the classes."""

import subprocess
import sys
from typing import Any

import tensorflow as tf

from edge.errors import LabeldError
from edge.prepare import preprocess

PIXELS = tf.TensorSpec((None,) + preprocess.ROW, tf.uint8, name="pixels")
"""What a graph takes: rows as the daemon fills them."""

IMAGENET = "imagenet"
NONE = "none"
AUTO = "auto"

FEATURES = 2048
"""The channels of InceptionV3's last block (arXiv:1512.00567, table 1)."""

FETCH_SECONDS = 900.0
"""How long a download of the ImageNet weights (84 MiB) may take when they were asked for."""

TRY_SECONDS = 60.0
"""How long it may take when random weights will do."""

_FETCH = "from tensorflow.keras.applications import InceptionV3 as I; I(include_top=False)"


class WeightsError(LabeldError):
    """Weights that cannot be had; the text says why and what to do."""


def normalise(pixels: Any) -> Any:
    """Return uint8 `pixels` as float32 in [-1, 1], as InceptionV3 was trained on them."""
    return tf.cast(pixels, tf.float32) / 127.5 - 1.0


def base(weights: str) -> Any:
    """Return InceptionV3 without its top: float32[n, 299, 299, 3] -> float32[n, 2048].

    Its output is the average over the last block's 8 by 8 positions.

    Args:
        weights: "imagenet", once `fetch` has got them; "none" for random ones, which need
            `settle_statistics`; or a file with the weights of such a base.

    Raises:
        WeightsError: the weights cannot be loaded.
    """
    try:
        return tf.keras.applications.InceptionV3(
            include_top=False,
            weights=None if weights == NONE else weights,
            input_shape=preprocess.ROW,
            pooling="avg",
        )
    except (ValueError, OSError, KeyError) as error:
        raise WeightsError(
            "--weights {}: Keras cannot load it into InceptionV3 without its top: {}".format(
                weights, error
            )
        )


def fetch(limit_seconds: float) -> None:
    """Have Keras put the ImageNet weights into its cache, in a process that can be stopped.

    Raises:
        WeightsError: they are not there after `limit_seconds`.
    """
    command = [sys.executable, "-c", _FETCH]
    try:
        ran = subprocess.run(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=limit_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise WeightsError(_no_imagenet("not there after {:.0f} s".format(limit_seconds)))
    if ran.returncode != 0:
        lines = ran.stderr.decode("utf-8", "replace").strip().splitlines()
        raise WeightsError(_no_imagenet(lines[-1] if lines else "no reason given"))


def settle_statistics(network: Any, pixels: Any) -> None:
    """Set the batch normalisation of a random base from pictures: one pass, momentum 0.

    At its initial mean 0 and variance 1, features fade to nothing on their way up.

    Args:
        network: what `base("none")` returned.
        pixels: uint8[n, 299, 299, 3], training pictures.
    """
    layers = [layer for layer in network.layers if _is_batch_normalisation(layer)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    network(normalise(pixels), training=True)
    for layer, momentum in zip(layers, momenta):
        layer.momentum = momentum


def head(classes: int, units: int, dropout: float) -> Any:
    """Return the classifier of features: float32[n, 2048] -> float32[n, classes], summing to 1."""
    return tf.keras.Sequential(
        [
            tf.keras.layers.InputLayer((FEATURES,)),
            tf.keras.layers.Dense(units, activation="relu"),
            tf.keras.layers.Dropout(dropout),
            tf.keras.layers.Dense(classes, activation="softmax"),
        ]
    )


BLOCKS = 11
"""InceptionV3's inception blocks, which Keras calls mixed0 to mixed10."""


def with_head(network: Any, top: Any) -> Any:
    """Return `top` on `network` as one model of normalised pixels, in which a fit trains both.

    Args:
        network: what `base` returned, of which `unfreeze` says what learns.
        top: what `head` returned.
    """
    pixels = tf.keras.Input(preprocess.ROW)
    return tf.keras.Model(pixels, top(network(pixels, training=False)))


def unfreeze(network: Any, blocks: int) -> None:
    """Let the top `blocks` inception blocks learn, and nothing else of the base.

    Batch normalisation goes on with the statistics it has: the few pictures of a user would
    replace them by worse ones.

    Args:
        network: what `base` returned.
        blocks: 0 to 11.
    """
    names = [layer.name for layer in network.layers]
    pools = [n for n, layer in enumerate(network.layers) if _is_max_pool(layer)]
    ends = [pools[1]] + [names.index("mixed{}".format(number)) for number in range(BLOCKS)]
    for number, layer in enumerate(network.layers):
        learns = number > ends[BLOCKS - blocks]
        layer.trainable = learns and not _is_batch_normalisation(layer)


def _is_max_pool(layer: Any) -> bool:
    return isinstance(layer, tf.keras.layers.MaxPooling2D)


def _is_batch_normalisation(layer: Any) -> bool:
    return isinstance(layer, tf.keras.layers.BatchNormalization)


def _no_imagenet(reason: str) -> str:
    return (
        "the ImageNet weights cannot be fetched ({}): fetch "
        "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5 on another machine and give it "
        "as --weights FILE, or start from random ones with --weights none".format(reason)
    )
