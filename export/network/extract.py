"""One pass of pictures through a base, for the features of all its blocks at once."""

import os
import tempfile
import time
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from edge.machine.processor import cores, installed
from export.network import model
from export.network.averages import Averages
from export.pictures import dataset
from export.progress import Progress
from export.recipe.features import Features

BATCH_SIZE = 16
"""Pictures in a pass of the whole network: forward, about 0.6 GB of activations."""

TURNS = 4
"""OpenVINO has a picture on each core, so many in turn before one core waits for another."""

Compute = Callable[[np.ndarray], Sequence[np.ndarray]]
"""Takes uint8[n, 299, 299, 3] and returns float32[n, channels] of each block."""


class Extractor:
    """A base, ready to compute the averages of some blocks."""

    def __init__(self, base: Any, blocks: Sequence[str]) -> None:
        """Build the network as far as it is needed; OpenVINO runs it, if it is installed.

        Args:
            base: what `export.network.model.base` returned.
            blocks: which of the base's blocks.
        """
        network = model.averages(base, blocks)

        @tf.function(input_signature=[model.PIXELS])
        def run(pixels: Any) -> Any:
            return tf.nest.flatten(network(model.normalise(pixels), training=False))

        self._run = convert_variables_to_constants_v2(run.get_concrete_function())
        self._blocks = tuple(blocks)
        self._channels = model.channels(network)
        openvino = self._by_openvino()
        self._fine = openvino or self._by_tensorflow
        self._batch_size = max(BATCH_SIZE, TURNS * cores()) if openvino else BATCH_SIZE

    def save(self, folder: str) -> None:
        """Save the network in `folder`, with an output for each block, by its name."""
        module = tf.Module()

        @tf.function(input_signature=[model.PIXELS])
        def run(pixels: Any) -> Dict[str, Any]:
            return dict(zip(self._blocks, self._run(pixels)))

        module.run, module.frozen = run, self._run
        tf.saved_model.save(module, folder, signatures={"serving_default": run})

    def extract(
        self,
        paths: Sequence[str],
        copies: int,
        coarse: Optional[Compute] = None,
    ) -> Features:
        """Return the Features of readable picture files, and print how long that took.

        Args:
            paths: the files.
            copies: how many varied copies of each picture.
            coarse: computes those of varied copies, on which nothing is scored, as nearly as it
                can; None: they, too, are computed in FP32.
        """
        batches = dataset.versions(paths, copies, self._batch_size)
        waits: List[float] = []
        began = time.monotonic()
        found = self._extract(_timed(batches, waits), "features", len(paths), 1 + copies, coarse)
        seconds = time.monotonic() - began
        print(
            "features: {:.0f} s, {:.0%} of which the network waited for pictures".format(
                seconds, sum(waits) / seconds
            )
        )
        return found

    def extract_copies(self, paths: Sequence[str]) -> Features:
        """Return the Features of a varied copy of each of readable files, in FP32."""
        batches = map(np.asarray, dataset.versions(paths, 1, self._batch_size))
        copies = (pixels[:, 1:] for pixels in batches)
        return self._extract(copies, "varied copies", len(paths), 1)

    def extract_rows(self, rows: np.ndarray, name: str) -> Features:
        """Return the Features of uint8[n, 299, 299, 3]; the progress calls them `name`."""
        size = self._batch_size
        batches = (rows[first : first + size, np.newaxis] for first in range(0, len(rows), size))
        return self._extract(batches, name, len(rows), 1)

    def _by_tensorflow(self, rows: np.ndarray) -> List[np.ndarray]:
        return [values.numpy() for values in self._run(tf.constant(rows))]

    def _by_openvino(self) -> Optional[Compute]:
        if not installed(["openvino"]):
            return None
        with tempfile.TemporaryDirectory() as folder:
            saved_model = os.path.join(folder, "base")
            self.save(saved_model)
            try:
                return Averages(saved_model, self._blocks)
            except (ImportError, RuntimeError) as error:
                print("OpenVINO does not work, so TensorFlow computes features: {}".format(error))
                return None

    def _extract(
        self,
        batches: Iterable[Any],
        name: str,
        pictures: int,
        versions: int,
        coarse: Optional[Compute] = None,
    ) -> Features:
        shape = (pictures, versions)
        found = [np.empty(shape + (channels,), np.float16) for channels in self._channels]
        done = 0
        with Progress(name, pictures * versions, "picture") as progress:
            for pixels in map(np.asarray, batches):
                batch = slice(done, done + len(pixels))
                for version in range(versions):
                    compute = self._fine if version == 0 or coarse is None else coarse
                    for kept, values in zip(found, compute(pixels[:, version])):
                        kept[batch, version] = values
                    progress.update(done * versions + (version + 1) * len(pixels))
                done += len(pixels)
        return Features(dict(zip(self._blocks, found)))


def _timed(batches: Iterable[Any], waits: List[float]) -> Iterator[Any]:
    """Yield batches; `waits` gets the seconds until each was there."""
    ahead = iter(batches)
    while True:
        began = time.monotonic()
        pixels = next(ahead, None)
        waits.append(time.monotonic() - began)
        if pixels is None:
            return
        yield pixels
