"""InceptionV3 as a base of features, as far up as these are used, and with a head on them."""

import subprocess
import sys
from typing import Any, List, Sequence

import numpy as np
import tensorflow as tf

from edge.errors import LabeldError
from edge.prepare import preprocess
from export.recipe.blocks import BLOCKS
from export.recipe.head import Head

PIXELS = tf.TensorSpec((None,) + preprocess.ROW, tf.uint8, name="pixels")
"""What a graph takes: rows as the daemon fills them."""

IMAGENET = "imagenet"
NONE = "none"
AUTO = "auto"

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
    """Return InceptionV3 without its top: float32[n, 299, 299, 3] -> float32[n, 8, 8, 2048].

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


def averages(network: Any, blocks: Sequence[str]) -> Any:
    """Return a model of the averages of some blocks over their positions, a list of them.

    Args:
        network: what `base` returned; the model shares its layers, up to the last of `blocks`.
        blocks: names of BLOCKS.
    """
    pool = tf.keras.layers.GlobalAveragePooling2D
    return tf.keras.Model(
        network.input, [pool()(network.get_layer(block).output) for block in blocks]
    )


def channels(network: Any) -> List[int]:
    """Return how many channels each output of an `averages` model has."""
    return [int(output.shape[-1]) for output in network.outputs]


def trunk(network: Any, blocks: Sequence[str]) -> Any:
    """Return a model of the averages of some blocks, side by side: float32[n, channels].

    Args:
        network, blocks: see `averages`.
    """
    found = averages(network, blocks)
    if len(blocks) == 1:
        return tf.keras.Model(found.input, found.outputs[0])
    return tf.keras.Model(found.input, tf.keras.layers.Concatenate()(found.outputs))


def classifier(network: Any, blocks: Sequence[str], *heads: Head) -> Any:
    """Return a model of normalised pixels that ends in scores: float32[n, heads * classes].

    Args:
        network, blocks: see `averages`.
        heads: the Head of their features; of several, each one's scores side by side.
    """
    features = trunk(network, blocks)
    scores = [_scores(features.output, head) for head in heads]
    if len(scores) == 1:
        return tf.keras.Model(features.input, scores[0])
    return tf.keras.Model(features.input, tf.keras.layers.Concatenate()(scores))


def _scores(features: Any, head: Head) -> Any:
    found = features
    for number, layer in enumerate(head.layers, 1):
        kind = "softmax" if number == len(head.layers) else "relu"
        dense = tf.keras.layers.Dense(layer.weights.shape[1], activation=kind)
        found = dense(found)
        dense.set_weights(list(layer))
    return found


def with_features(classifier: Any, network: Any, blocks: Sequence[str]) -> Any:
    """Return a model of normalised pixels with the outputs [scores, averages of `blocks`].

    Args:
        classifier: what `classifier` made of `network`.
        network, blocks: see `averages`; none of them above the last that the classifier uses.
    """
    return tf.keras.Model(network.input, [classifier.output, trunk(network, blocks).output])


def multiplications(network: Any) -> int:
    """Return how many multiplications a model's convolutions take for a picture."""
    found = 0
    for layer in network.layers:
        if isinstance(layer, tf.keras.layers.Conv2D):
            height, width = layer.output.shape[1:3]
            found += int(height) * int(width) * int(np.prod(layer.weights[0].shape))
    return found


def upper_layers(network: Any, end: str, blocks: int) -> List[List[Any]]:
    """Return the layers of each of the last `blocks` inception blocks up to `end` that can learn.

    Batch normalisation goes on with the statistics it has: the few pictures of a user would
    replace them by worse ones.

    Args:
        network: what `base` returned.
        end: the name of the last block that is used.
        blocks: 0 to 11.

    Returns:
        A list of layers for each block, the upper ones first.
    """
    names = [layer.name for layer in network.layers]
    pools = [n for n, layer in enumerate(network.layers) if _is_max_pool(layer)]
    ends = [pools[1]] + [names.index(block) for block in BLOCKS]
    last = BLOCKS.index(end) + 1
    found = []
    for number in range(last, max(0, last - blocks), -1):
        layers = network.layers[ends[number - 1] + 1 : ends[number] + 1]
        found.append([one for one in layers if one.weights and not _is_batch_normalisation(one)])
    return found


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
