"""Transfer learning: a head trained on the features of a frozen InceptionV3."""

import itertools
import random
import sys
from collections import namedtuple

import numpy as np
import tensorflow as tf
from tqdm import tqdm
from tqdm.keras import TqdmCallback

from edge import bundle
from export import dataset, freeze, model, photographs, scores

BATCH_SIZE = 16
"""Pictures in a forward pass of the base: about 0.6 GB of activations."""

SETTLING = 32
"""Pictures whose statistics a random base takes on."""

HEAD_BATCH_SIZE = 32
LEARNING_RATE = 1e-3
PATIENCE = 10
"""Epochs without a lower validation loss after which the head has learnt enough."""

GOLDEN_SAMPLES = 8
MOST_GOLDEN_SAMPLES = 32
"""A bundle has at least the former, one of each class up to the latter."""

HELD_OUT = "held_out.tsv"
"""The table in a bundle of the photographs it was scored on, for `labeld-export evaluate`."""

Options = namedtuple("Options", "weights seed epochs units dropout")


def run(data, out, images, options):
    """Train on the labelled photographs of `data` and write the bundle `out`.

    Args:
        data, images: see `export.photographs.read`.
        out: the bundle's folder.
        options: Options.

    Raises:
        LabeldError: the photographs, the weights or the target cannot be used.
    """
    bundle.check_target(out)
    found = photographs.read(data, images)
    photographs.check_classes(data, found)
    found = _readable(found)
    photographs.check_classes(data + ", without the unreadable", found)
    labels = tuple(photographs.by_class(found))
    parts = photographs.split(found, options.seed)
    print(
        "{} pictures of {} classes: {} to train on, {} to stop in time, {} held out".format(
            len(found), len(labels), *(len(part) for part in parts)
        )
    )
    _seed(options.seed)
    base = _base(options.weights, parts.training)
    training, validation, held_out = (_examples(base, part, labels) for part in parts)
    head = model.head(len(labels), options.units, options.dropout)
    _fit(head, training, validation, options)
    figures = scores.measure(labels, held_out.classes, head.predict(held_out.features, verbose=0))
    print("held out: " + scores.headline(figures))
    golden = [photograph.path for photograph in golden_choice(parts)]
    freeze.write_bundle(
        out,
        freeze.Frozen(base, head),
        labels,
        golden,
        {name: figures[name] for name in ("pictures", "accuracy", "macro_f1")},
        {HELD_OUT: photographs.table(parts.held_out, photographs.folder(data, images))},
    )
    print("wrote {}".format(out))


Examples = namedtuple("Examples", "features classes")
Examples.__doc__ = """features: float32[n, 2048] of the frozen base; classes: int32[n]."""


def golden_choice(parts):
    """Choose the golden samples: the classes in turn, pictures that were held out first."""
    groups = photographs.by_class(parts.held_out + parts.validation + parts.training)
    count = min(max(GOLDEN_SAMPLES, len(groups)), MOST_GOLDEN_SAMPLES)
    rounds = itertools.zip_longest(*groups.values())
    return [photograph for one in rounds for photograph in one if photograph is not None][:count]


def _readable(found):
    answers = list(tqdm(photographs.readable(found), "check", len(found), disable=None))
    for photograph, fault in answers:
        if fault is not None:
            print("{}: {}; left out".format(photograph.path, fault), file=sys.stderr)
    return [photograph for photograph, fault in answers if fault is None]


def _seed(seed):
    random.seed(seed)
    np.random.seed(seed)
    tf.random.set_seed(seed)


def _base(weights, training):
    if weights == model.IMAGENET:
        model.fetch(model.FETCH_SECONDS)
    elif weights == model.AUTO:
        weights = _imagenet_or_none()
    base = model.base(weights)
    if weights == model.NONE:
        settling = dataset.rows([photograph.path for photograph in training[:SETTLING]], SETTLING)
        model.settle_statistics(base, next(iter(settling)))
    return base


def _imagenet_or_none():
    try:
        model.fetch(model.TRY_SECONDS)
    except model.WeightsError as error:
        print("{}\nstarting from random weights, which see much less".format(error))
        return model.NONE
    return model.IMAGENET


def _examples(base, part, labels):
    """Compute the features of `part` once: an epoch of the head then takes seconds."""
    numbers = {label: number for number, label in enumerate(labels)}
    classes = np.array([numbers[photograph.label] for photograph in part], np.int32)
    if not part:
        return Examples(np.empty((0, model.FEATURES), np.float32), classes)

    @tf.function(input_signature=[model.PIXELS])
    def compute(pixels):
        return base(model.normalise(pixels), training=False)

    features = []
    with tqdm(desc="features", total=len(part), unit="picture", disable=None) as bar:
        for pixels in dataset.rows([photograph.path for photograph in part], BATCH_SIZE):
            features.append(compute(pixels).numpy())
            bar.update(len(pixels))
    return Examples(np.concatenate(features), classes)


def _fit(head, training, validation, options):
    head.compile(
        optimizer=tf.keras.optimizers.Adam(LEARNING_RATE),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    stop = tf.keras.callbacks.EarlyStopping(
        monitor="val_loss" if len(validation.classes) else "loss",
        patience=PATIENCE,
        restore_best_weights=True,
    )
    history = head.fit(
        _batches(training, options.seed),
        validation_data=_batches(validation) if len(validation.classes) else None,
        epochs=options.epochs,
        callbacks=[stop, TqdmCallback(verbose=0, disable=None)],
        shuffle=False,  # the pipeline does
        verbose=0,
    ).history
    best = int(np.argmin(history[stop.monitor]))
    print(
        "head: {} epochs, the best was {} with {} {:.4f}".format(
            len(history["loss"]), best + 1, stop.monitor, history[stop.monitor][best]
        )
    )


def _batches(examples, shuffle_seed=None):
    pairs = tf.data.Dataset.from_tensor_slices(tuple(examples))
    if shuffle_seed is not None:
        pairs = pairs.shuffle(len(examples.classes), seed=shuffle_seed)
    return pairs.batch(HEAD_BATCH_SIZE).prefetch(1)
