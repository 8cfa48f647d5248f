"""What a bundle's graph sees in a picture, and where it looks (Grad-CAM, arXiv:1610.02391)."""

from typing import Any, List, Sequence, Set

import cv2
import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from edge.classify.bundle import Bundle
from edge.prepare.preprocess import SIZE

BATCH_SIZE = 16


class Looking:
    """A bundle's frozen graph, with the gradient of a class's logit at its last block."""

    def __init__(self, bundle: Bundle) -> None:
        """Load the graph; `bundle`: a plain one."""
        loaded = tf.saved_model.load(bundle.saved_model)
        frozen = convert_variables_to_constants_v2(loaded.signatures["serving_default"])
        self._graph = tf.Graph()
        with self._graph.as_default():
            tf.import_graph_def(frozen.graph.as_graph_def(), name="")
            operations = self._graph.get_operations()
            (pixels,) = [one for one in operations if one.type == "Placeholder"]
            (softmax,) = [one for one in operations if one.type == "Softmax"]
            logits = softmax.inputs[0]
            used = _before(logits.op)
            averages = [one for one in operations if one in used and _is_average(one)]
            averages.sort(key=lambda one: len(_before(one)))
            last = averages[-1].inputs[0]
            self._pixels = pixels.outputs[0]
            self._features = tf.concat([one.outputs[0] for one in averages], axis=-1)
            self._classes = tf.compat.v1.placeholder(tf.int32, [None])
            wanted = tf.one_hot(self._classes, int(logits.shape[-1])) * logits
            gradient = tf.gradients(tf.reduce_sum(wanted), last)[0]
            weights = tf.reduce_mean(gradient, axis=[1, 2], keepdims=True)
            self._maps = tf.nn.relu(tf.reduce_sum(weights * last, axis=-1))
        self._session = tf.compat.v1.Session(graph=self._graph)

    def __enter__(self) -> "Looking":
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def features(self, rows: np.ndarray) -> np.ndarray:
        """Return float32[n, channels], what its head sees of uint8[n, 299, 299, 3].

        They are rounded as training keeps them, so that of pictures that are nearly as near as each
        other a report tells the same whoever computed them.
        """
        found = [
            self._session.run(self._features, {self._pixels: rows[at : at + BATCH_SIZE]})
            for at in range(0, len(rows), BATCH_SIZE)
        ]
        return np.concatenate(found).astype(np.float16).astype(np.float32)

    def maps(self, rows: np.ndarray, classes: Sequence[int]) -> np.ndarray:
        """Return how much each place speaks for a class: float32[n, 299, 299], 0 to 1.

        Args:
            rows: uint8[n, 299, 299, 3].
            classes: the number of the class for each row.
        """
        found = self._session.run(self._maps, {self._pixels: rows, self._classes: classes})
        return np.stack([_spread(one) for one in found])


def overlaid(row: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return a row with its map on it, warm where it speaks most: uint8[299, 299, 3], RGB."""
    heat = cv2.applyColorMap((255 * places).astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
    share = 0.15 + 0.55 * places[..., np.newaxis]
    return np.asarray((1 - share) * row + share * heat, np.uint8)


def _spread(places: np.ndarray) -> np.ndarray:
    most = places.max()
    whole = cv2.resize(places / most if most > 0 else places, (SIZE, SIZE))
    return np.clip(whole, 0, 1)


def _before(operation: Any) -> Set[Any]:
    """Return all operations that one depends on, and itself."""
    found, ahead = {operation}, [operation]
    while ahead:
        for tensor in ahead.pop().inputs:
            if tensor.op not in found:
                found.add(tensor.op)
                ahead.append(tensor.op)
    return found


def _is_average(operation: Any) -> bool:
    """Return True if it averages a block over its positions."""
    return operation.type == "Mean" and operation.inputs[0].shape.rank == 4


def nearest(features: np.ndarray, others: np.ndarray, count: int) -> List[int]:
    """Return the numbers of the rows of `others` that are most like a picture, the first first.

    Args:
        features: float32[channels], of the picture.
        others: float32[m, channels].
        count: how many, at the most.
    """
    scale = others.std(axis=0) + 1e-6
    distances = np.square((others - features) / scale).sum(axis=1)
    return [int(one) for one in np.argsort(distances, kind="stable")[:count]]
