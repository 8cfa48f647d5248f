"""Ways to train on photographs that `bench.accuracy` compares: each makes a bundle."""

import os
import subprocess
import sys
from collections import OrderedDict

import numpy as np
import tensorflow as tf
from sklearn.linear_model import LogisticRegression

from export.network import freeze, model
from export.network.extract import BATCH_SIZE, Extractor
from export.pictures import dataset
from export.recipe.blocks import BLOCKS
from export.recipe.head import Dense, Head

LIMIT_SECONDS = 6 * 3600.0

FORMER = "--blocks 10 --head hidden --augment 0 --keep-held-out".split()
"""What `train` did before it compared recipes: the last features, two thirds of the pictures."""


def labeld(*options):
    """Return the recipe of `labeld-export train`, as a user calls it."""

    def train(folder, labels, out, weights, seed):
        command = [sys.executable, "-m", "export", "train", folder, "--out", out]
        command += ["--weights", weights, "--seed", str(seed)] + list(options)
        subprocess.run(command, check=True, timeout=LIMIT_SECONDS, stdout=subprocess.DEVNULL)

    return train


def regression(folder, labels, out, weights, seed):
    """Logistic regression, scikit-learn's as it comes, on standardised averages of the last block.

    All pictures, and two varied copies of each.
    """
    paths, classes = _pictures(folder, labels)
    base = model.base(weights)
    rows = (
        Extractor(base, BLOCKS[-1:]).extract(paths, 2).rows(BLOCKS[-1:], np.arange(len(paths)), 2)
    )
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    fitted = LogisticRegression(max_iter=1000).fit((rows - mean) / spread, np.repeat(classes, 3))
    layer = Dense.of_plain(fitted.coef_.T, fitted.intercept_, mean, spread)
    _write(out, model.classifier(base, BLOCKS[-1:], Head((layer,))), labels, paths)


def keras_guide(folder, labels, out, weights, seed):
    """Keras' guide to transfer learning and fine-tuning, done as written.

    https://keras.io/guides/transfer_learning/: a frozen base in inference mode, its average,
    dropout of 0.2 and a dense layer under flips and turns, by Adam in 20 epochs; then all of it for
    10 epochs at a rate of 1e-5.
    """
    _by_keras(folder, labels, out, weights, seed, ((False, 1e-3, 20), (True, 1e-5, 10)))


def classic(folder, labels, out, weights, seed):
    """The first part of `keras_guide` alone: each picture goes through the base in each epoch."""
    _by_keras(folder, labels, out, weights, seed, ((False, 1e-3, 20),))


def _by_keras(folder, labels, out, weights, seed, phases):
    """Train in phases, each (whether the base learns, the rate, epochs)."""
    paths, classes = _pictures(folder, labels)
    tf.keras.utils.set_random_seed(seed)
    base = model.base(weights)
    base.trainable = False
    inputs = tf.keras.Input(base.input.shape[1:])
    varied = tf.keras.layers.RandomFlip("horizontal")(inputs)
    varied = tf.keras.layers.RandomRotation(0.1)(varied)
    average = tf.keras.layers.GlobalAveragePooling2D()(base(varied, training=False))
    scores = tf.keras.layers.Dense(len(labels), activation="softmax")(
        tf.keras.layers.Dropout(0.2)(average)
    )
    network = tf.keras.Model(inputs, scores)
    pairs = dataset.examples(paths, classes, BATCH_SIZE, shuffle_seed=seed)
    pairs = pairs.map(lambda pixels, numbers: (model.normalise(pixels), numbers))
    for is_learning, rate, epochs in phases:
        base.trainable = is_learning
        network.compile(tf.keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
        network.fit(pairs, epochs=epochs, verbose=0)
    _write(out, network, labels, paths)


RECIPES = OrderedDict(
    [
        ("labeld", labeld()),
        ("fast", labeld("--quality", "fast")),
        ("former", labeld(*FORMER)),
        ("keras guide", keras_guide),
        ("classic", classic),
        ("regression", regression),
    ]
)


def _pictures(folder, labels):
    paths, classes = [], []
    for number, label in enumerate(labels):
        names = sorted(os.listdir(os.path.join(folder, label)))
        paths += [os.path.join(folder, label, name) for name in names]
        classes += [number] * len(names)
    return paths, np.array(classes)


def _write(out, network, labels, paths):
    freeze.write_bundle(out, freeze.Frozen(network), labels, paths[:8], {}, None, {}, {})
