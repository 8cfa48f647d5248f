"""Transfer learning in two phases: a head on the features of a frozen InceptionV3, then both."""

import itertools
import random
import sys
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import tensorflow as tf

from edge.classify import bundle, writer
from export import dataset, fit, freeze, model, photographs, scores
from export.progress import Progress

BATCH_SIZE = 16
"""Pictures in a pass of the whole network: forward, about 0.6 GB of activations."""

SETTLING = 32
"""Pictures whose statistics a random base takes on."""

HEAD_BATCH_SIZE = 32
HEAD_LEARNING_RATE = 1e-3
HEAD_PATIENCE = 10
"""Epochs without a lower validation loss after which the head has learnt enough."""

FINE_LEARNING_RATE = 1e-5
"""Small, or a few pictures undo what the base has learnt from many (Keras' guide to transfer
learning and fine-tuning)."""

FINE_PATIENCE = 3

GOLDEN_SAMPLES = 8
MOST_GOLDEN_SAMPLES = 32
"""A bundle has at least the former, one of each class up to the latter."""


class Options(NamedTuple):
    """The options of `labeld-export train`, by their names there."""

    weights: str
    seed: int
    epochs: int
    units: int
    dropout: float
    augment: int
    class_weights: str
    fine_tune: int
    fine_tune_epochs: int


class Numbered(NamedTuple):
    """Picture files, and the number of each one's class.

    Attributes:
        paths: of the files.
        classes: int32[n].
    """

    paths: List[str]
    classes: np.ndarray


def run(data: str, out: str, images: Optional[str], options: Options) -> None:
    """Train on the labelled photographs of `data` and write the bundle `out`.

    Args:
        data, images: see `export.photographs.read`.
        out: the bundle's folder.
        options: Options.

    Raises:
        LabeldError: the photographs, the weights or the target cannot be used.
        KeyboardInterrupt: Ctrl-C before there was anything worth keeping.
    """
    writer.check_target(out)
    found = photographs.read(data, images)
    photographs.check_classes(data, found)
    found = _readable(found)
    photographs.check_classes(data + ", without the unreadable", found)
    parts = photographs.split(found, options.seed)
    print(
        "{} pictures of {} classes: {} to train on, {} to stop in time, {} held out".format(
            len(found), len(photographs.by_class(found)), *(len(part) for part in parts)
        )
    )
    _seed(options.seed)
    trainer = Trainer(parts, options)
    if not trainer.fit_head().interrupted and options.fine_tune:
        trainer.fine_tune()
    figures = trainer.measure()
    print("held out: " + scores.headline(figures))
    freeze.write_bundle(
        out,
        trainer.frozen(),
        trainer.labels,
        [photograph.path for photograph in golden_choice(parts)],
        {name: figures[name] for name in ("pictures", "accuracy", "macro_f1")},
        {bundle.HELD_OUT: photographs.table(parts.held_out, photographs.folder(data, images))},
    )
    print("wrote {}".format(out))


class Trainer:
    """A base and a head, and the photographs they are trained on."""

    def __init__(self, parts: photographs.Split, options: Options) -> None:
        """Load the base.

        Args:
            parts: a Split.
            options: Options.

        Raises:
            WeightsError: the base's weights cannot be had.
        """
        self._options = options
        self.labels = tuple(photographs.by_class(parts.training))
        self._training, self._validation, self._held_out = (self._numbered(part) for part in parts)
        self._base = _base(options.weights, self._training.paths)
        self._head = model.head(len(self.labels), options.units, options.dropout)
        self._class_weight = None
        if options.class_weights == "balanced":
            self._class_weight = fit.balanced(self._training.classes)
        self._fitted: Optional[fit.Fitted] = None

    def fit_head(self) -> fit.Fitted:
        """Phase one: fit the head to features that are computed once; return what it came to."""
        options = self._options
        training = self._copies(self._training, options.augment)
        self._fitted = fit.fit(
            self._head,
            _batches(training, options.seed),
            _batches(self._copies(self._validation)) if self._validation.paths else None,
            fit.Recipe(
                "head", HEAD_LEARNING_RATE, options.epochs, HEAD_PATIENCE, self._class_weight
            ),
        )
        return self._fitted

    def fine_tune(self) -> fit.Fitted:
        """Phase two: fit the head and the top of the base together; return what it came to."""
        options = self._options
        model.unfreeze(self._base, options.fine_tune)
        self._fitted = fit.fit(
            model.with_head(self._base, self._head),
            self._pictures(self._training, options.seed, bool(options.augment)),
            self._pictures(self._validation) if self._validation.paths else None,
            fit.Recipe(
                "fine-tune",
                FINE_LEARNING_RATE,
                options.fine_tune_epochs,
                FINE_PATIENCE,
                self._class_weight,
            ),
            known_loss=None if self._fitted is None else self._fitted.loss,
        )
        return self._fitted

    def measure(self) -> scores.Figures:
        """Return the figures, see `export.scores`, on what neither phase has seen."""
        features, classes = self._copies(self._held_out)
        return scores.measure(self.labels, classes, self._head.predict(features, verbose=0))

    def frozen(self) -> freeze.Frozen:
        """Return the Frozen graph of base and head as they are now."""
        return freeze.Frozen(self._base, self._head)

    def _numbered(self, part: Sequence[photographs.Photograph]) -> Numbered:
        numbers = [self.labels.index(photograph.label) for photograph in part]
        return Numbered([photograph.path for photograph in part], np.array(numbers, np.int32))

    def _copies(self, part: Numbered, varied: int = 0) -> Tuple[np.ndarray, np.ndarray]:
        """Return the features and classes of `part`, and of `varied` varied copies of it."""
        count = len(part.paths)
        variations = [dataset.AS_IT_IS] * count + list(range(varied * count))
        rows = dataset.rows(part.paths * (1 + varied), BATCH_SIZE, variations)
        return _features(self._base, rows, len(variations)), np.tile(part.classes, 1 + varied)

    def _pictures(
        self, part: Numbered, shuffle_seed: Optional[int] = None, varied: bool = False
    ) -> Any:
        pairs = dataset.examples(*part, BATCH_SIZE, shuffle_seed=shuffle_seed, varied=varied)
        return pairs.map(lambda pixels, numbers: (model.normalise(pixels), numbers))


def golden_choice(parts: photographs.Split) -> List[photographs.Photograph]:
    """Choose the golden samples: the classes in turn, pictures that were held out first."""
    groups = photographs.by_class(parts.held_out + parts.validation + parts.training)
    count = min(max(GOLDEN_SAMPLES, len(groups)), MOST_GOLDEN_SAMPLES)
    rounds = itertools.zip_longest(*groups.values())
    return [photograph for one in rounds for photograph in one if photograph is not None][:count]


def _readable(found: Sequence[photographs.Photograph]) -> List[photographs.Photograph]:
    answers = []
    with Progress("check", len(found), "picture") as progress:
        for answer in photographs.readable(found):
            answers.append(answer)
            progress.update(len(answers))
    for photograph, fault in answers:
        if fault is not None:
            print("{}: {}; left out".format(photograph.path, fault), file=sys.stderr)
    return [photograph for photograph, fault in answers if fault is None]


def _seed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
    tf.random.set_seed(seed)


def _base(weights: str, training: Sequence[str]) -> Any:
    if weights == model.IMAGENET:
        model.fetch(model.FETCH_SECONDS)
    elif weights == model.AUTO:
        weights = _imagenet_or_none()
    base = model.base(weights)
    if weights == model.NONE:
        settling = dataset.rows(training[:SETTLING], SETTLING)
        model.settle_statistics(base, next(iter(settling)))
    return base


def _imagenet_or_none() -> str:
    try:
        model.fetch(model.TRY_SECONDS)
    except model.WeightsError as error:
        print(
            "{}\nstarting from random weights: they tell colours and plain shapes apart, "
            "ImageNet's also the textures and parts of things in real photographs".format(error)
        )
        return model.NONE
    return model.IMAGENET


def _features(base: Any, rows: Any, count: int) -> np.ndarray:
    """Compute the base's features of each picture once: float32[count, 2048]."""

    @tf.function(input_signature=[model.PIXELS])
    def compute(pixels: Any) -> Any:
        return base(model.normalise(pixels), training=False)

    features = np.empty((count, model.FEATURES), np.float32)
    done = 0
    with Progress("features", count, "picture") as progress:
        for pixels in rows:
            features[done : done + len(pixels)] = compute(pixels).numpy()
            done += len(pixels)
            progress.update(done)
    return features


def _batches(examples: Tuple[np.ndarray, np.ndarray], shuffle_seed: Optional[int] = None) -> Any:
    features, classes = examples
    pairs = tf.data.Dataset.from_tensor_slices((features, classes))
    if shuffle_seed is not None:
        pairs = pairs.shuffle(len(classes), seed=shuffle_seed)
    return pairs.batch(HEAD_BATCH_SIZE).prefetch(1)
