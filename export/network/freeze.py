"""A trained network as a frozen graph, and that graph as a model bundle."""

import os
import platform
from typing import Any, Dict, Optional, Sequence

import cv2
import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from edge import __version__
from edge.classify import writer
from edge.classify.bundle import FAMILIAR, SCORES, GoldenSample
from edge.classify.outputs import Outputs
from edge.prepare import preprocess
from export.network import familiar
from export.network.model import PIXELS, normalise
from export.recipe.familiarity import Familiarity


class Frozen(tf.Module):
    """A graph without variables: uint8[n, 299, 299, 3] -> {"scores": float32[n, classes]}.

    If it is told what is familiar, `"familiar": float32[n, 1]` is a second output.

    Unfrozen, what TensorFlow 2.15 or later saves does not load in the 2.7 of a Jetson TX2.
    """

    def __init__(self, network: Any, familiarity: Optional[Familiarity] = None) -> None:
        """Freeze a Keras model.

        Args:
            network: of normalised pixels; its output is scores, or those and the features that
                `familiarity` is of.
            familiarity: the Familiarity, or None.
        """
        super().__init__()

        @tf.function(input_signature=[PIXELS])
        def computed(pixels: Any) -> Any:
            outputs = network(normalise(pixels), training=False)
            if familiarity is None:
                return [outputs]
            return [outputs[0], familiar.familiar(outputs[1], familiarity)]

        constants = convert_variables_to_constants_v2(computed.get_concrete_function())

        @tf.function(input_signature=[PIXELS])
        def classify(pixels: Any) -> Dict[str, Any]:
            return dict(zip((SCORES, FAMILIAR), tf.nest.flatten(constants(pixels))))

        self._classify = classify

    def __call__(self, rows: np.ndarray) -> Outputs:
        """Return what it says of `rows`."""
        found = self._classify(tf.constant(rows))
        familiarity = found[FAMILIAR].numpy().ravel() if FAMILIAR in found else None
        return Outputs(found[SCORES].numpy(), familiarity)

    def save(self, folder: str) -> None:
        """Save the graph in `folder`, which must not exist yet."""
        tf.saved_model.save(self, folder, signatures={"serving_default": self._classify})


def write_bundle(
    path: str,
    frozen: Frozen,
    labels: Sequence[str],
    golden_files: Sequence[str],
    scores: Dict[str, Any],
    threshold: Optional[float],
    tables: Dict[str, bytes],
    trained_on: Dict[str, Any],
) -> None:
    """Write a bundle of `frozen`, with the pictures `golden_files` as its golden samples.

    Args:
        path: the bundle's folder; see `edge.classify.writer.write`.
        frozen: the Frozen graph.
        labels: the class names, in the order of its output.
        golden_files: paths of readable pictures.
        scores: what was measured on held-out pictures (a dict for JSON).
        threshold: see `edge.classify.writer.Draft`.
        tables: {file name: bytes}, what else is kept in the bundle.
        trained_on: see `edge.classify.writer.Draft`.
    """
    draft = writer.Draft(
        frozen.save,
        labels,
        [_golden_sample(file, frozen) for file in golden_files],
        scores,
        _made_with(),
        threshold=threshold,
        tables=tables,
        trained_on=trained_on,
    )
    writer.write(path, draft)


def _made_with() -> Dict[str, str]:
    """Return the versions of what makes a bundle here."""
    return {
        "labeld": __version__,
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
        "opencv": cv2.__version__,
    }


def _golden_sample(file: str, frozen: Frozen) -> GoldenSample:
    with open(file, "rb") as picture:
        data = picture.read()
    pixels = preprocess.load(data)
    return GoldenSample(os.path.basename(file), data, pixels, frozen(pixels[np.newaxis]).of(0))
