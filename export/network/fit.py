"""Fitting a network: weighted classes, a stop in time, and the best of it kept, Ctrl-C or not."""

import signal
import threading
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, NamedTuple, Optional

import numpy as np
import tensorflow as tf
from sklearn.utils.class_weight import compute_class_weight

from edge.errors import LabeldError
from export.progress import Progress


class Recipe(NamedTuple):
    """How to fit.

    Attributes:
        name: what the progress calls it.
        learning_rate: Adam's.
        epochs: at most so many.
        patience: epochs without a lower loss after which it ends.
        class_weight: {class number: weight in the loss}, or None.
    """

    name: str
    learning_rate: float
    epochs: int
    patience: int
    class_weight: Optional[Dict[int, float]]


class Fitted(NamedTuple):
    """What a fit came to.

    Attributes:
        epochs: how many were done.
        best: whose weights were kept, 1 for the first.
        loss: what these reach on the validation part.
        interrupted: whether by Ctrl-C.
    """

    epochs: int
    best: int
    loss: float
    interrupted: bool


class FitError(LabeldError):
    """Training that leads nowhere; the text says what to do."""


def balanced(classes: np.ndarray) -> Dict[int, float]:
    """Return {class number: weight}: each class has the same sum of weights, and 1 is the mean.

    Args:
        classes: int[n], the number of each picture's class.
    """
    numbers = np.unique(classes)
    weights = compute_class_weight("balanced", classes=numbers, y=classes)
    return dict(zip(numbers.tolist(), weights.tolist()))


def fit(network: Any, training: Any, validation: Any, recipe: Recipe) -> Fitted:
    """Fit `network` to `training` and leave it with the weights of its best epoch.

    Args:
        network: a Keras model with softmax scores.
        training: a tf.data.Dataset of (inputs, class numbers), in batches.
        validation: another, whose loss tells when to stop; None: that of `training` does.
        recipe: the Recipe.

    Returns:
        Fitted.

    Raises:
        FitError: the loss is not a number.
        KeyboardInterrupt: Ctrl-C before there were weights worth keeping.
    """
    network.compile(
        optimizer=tf.keras.optimizers.Adam(recipe.learning_rate),
        loss="sparse_categorical_crossentropy",
    )
    monitored = "loss" if validation is None else "val_loss"
    stop = tf.keras.callbacks.EarlyStopping(
        monitor=monitored, patience=recipe.patience, restore_best_weights=True
    )
    losses: List[float] = []
    interrupted = False
    steps = recipe.epochs * int(training.cardinality())
    try:
        with Progress(recipe.name, steps, "step") as progress, ctrl_c_between_steps() as asked:
            network.fit(
                training,
                validation_data=validation,
                epochs=recipe.epochs,
                callbacks=[stop, _Watch(progress, recipe.epochs, monitored, losses, asked)],
                class_weight=recipe.class_weight,
                shuffle=False,  # the pipeline does
                verbose=0,
            )
    except KeyboardInterrupt:
        if not losses:
            raise
        interrupted = True
    best = int(np.argmin(losses))
    if not np.isfinite(losses[best]):
        raise FitError(
            "{}: the loss is not a number: start from other weights (--weights)".format(recipe.name)
        )
    network.set_weights(stop.best_weights)
    return Fitted(len(losses), best + 1, losses[best], interrupted)


@contextmanager
def ctrl_c_between_steps() -> Iterator[threading.Event]:
    """Yield an Event that Ctrl-C sets, for its KeyboardInterrupt to be raised where it is safe.

    TensorFlow's compiled parts were seen to turn a KeyboardInterrupt into an AttributeError. A
    second Ctrl-C interrupts at once. Where Ctrl-C is ignored or another's, it stays so.
    """
    asked = threading.Event()
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield asked
        return

    def ask(*_: Any) -> None:
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if asked.is_set():
        raise KeyboardInterrupt


class _Watch(tf.keras.callbacks.Callback):
    """Tells the progress how far the fit is, keeps each epoch's loss, ends when `asked` is set."""

    def __init__(
        self,
        progress: Progress,
        epochs: int,
        monitored: str,
        losses: List[float],
        asked: threading.Event,
    ) -> None:
        super().__init__()
        self._asked = asked
        self._progress, self._epochs = progress, epochs
        self._monitored, self._losses = monitored, losses
        self._steps = 0
        self._note = ""

    def on_train_batch_end(self, batch: int, logs: Optional[Dict[str, float]] = None) -> None:
        self._steps += 1
        self._progress.update(self._steps, self._note)
        if self._asked.is_set():
            raise KeyboardInterrupt

    def on_epoch_end(self, epoch: int, logs: Optional[Dict[str, float]] = None) -> None:
        loss = float((logs or {})[self._monitored])
        self._losses.append(loss if np.isfinite(loss) else np.inf)
        self._note = "epoch {} of {}, {} {:.4f}".format(
            epoch + 1, self._epochs, self._monitored, loss
        )
