"""The averages of a base's blocks, computed by OpenVINO."""

from typing import Any, List, Sequence

import numpy as np

from edge.classify.openvino import DEVICE, only_core, openvino
from edge.machine.processor import cores


class Averages:
    """A base, each picture on a core of its own."""

    def __init__(self, model: Any, blocks: Sequence[str]) -> None:
        """Compile it.

        Args:
            model: an OpenVINO model with an output for each of `blocks`, by its name, or the folder
                of such a one.
            blocks: in which order they are wanted.
        """
        properties = {"NUM_STREAMS": cores(), "INFERENCE_PRECISION_HINT": "f32"}
        compiled = only_core().compile_model(model, DEVICE, properties)
        self._outputs = [compiled.output(block) for block in blocks]
        self._queue = openvino().AsyncInferQueue(compiled, cores())

    def __call__(self, rows: np.ndarray) -> List[np.ndarray]:
        """Return float32[n, channels] of each block, of uint8[n, 299, 299, 3]."""
        found = [
            np.empty((len(rows), output.partial_shape[1].get_length()), np.float32)
            for output in self._outputs
        ]

        def keep(request: Any, number: int) -> None:
            for values, output in zip(found, self._outputs):
                values[number] = request.get_tensor(output).data[0]

        self._queue.set_callback(keep)
        for number in range(len(rows)):
            self._queue.start_async([rows[number : number + 1]], number)
        self._queue.wait_all()
        return found
