"""OpenVINO as a runtime; the only file of `edge/` that imports it."""

import functools
import logging
import os
import sys
from importlib.util import find_spec
from typing import Any, Callable, List, Optional, Sequence, Tuple

import numpy as np

from edge.classify.bundle import FAMILIAR, INT8, SCORES, Bundle
from edge.classify.outputs import Outputs
from edge.classify.runtime import Graph, Runtime
from edge.errors import BundleError
from edge.machine.processor import cores
from edge.prepare.preprocess import ROW

DEVICE = "CPU"

HINTS = {"fp32": "f32", "bf16": "bf16", INT8: "f32"}
"""What OpenVINO calls the precisions (its property INFERENCE_PRECISION_HINT); of a graph in 8 bits
it is that of the rest."""

INT8_FILE = "model.xml"
"""In the folder of a graph in 8 bits."""

MOST_STREAMS = 8
"""As many as the usual batch has rows."""

_log = logging.getLogger(__name__)


class OpenVinoRuntime(Runtime):
    """Plain graphs on a processor: in 8 bits, where a bundle has that, in bfloat16, where the
    processor computes in that, and in FP32."""

    name = "openvino"

    def forms(self, bundle: Bundle) -> List[Bundle]:
        if bundle.conversion or find_spec("openvino") is None:
            return []
        try:
            can = only_core().get_property(DEVICE, "OPTIMIZATION_CAPABILITIES")
        except (ImportError, RuntimeError) as error:
            _log.warning("OpenVINO is installed and does not work: %s; it is done without", error)
            return []
        precisions = [INT8] + (["bf16"] if "BF16" in can else []) + ["fp32"]
        return [
            bundle.as_run(self.name, precision)
            for precision in precisions
            if bundle.may_serve(precision)
        ]

    def streams(self, form: Bundle) -> Sequence[int]:
        """Return the powers of two: of them batches are."""
        return [1 << n for n in range(min(cores(), MOST_STREAMS).bit_length())]

    def load(self, bundle: Bundle, gpu_memory_mb: Optional[int] = None) -> Graph:
        ov = openvino()
        properties = {
            "INFERENCE_PRECISION_HINT": HINTS[bundle.precision],
            "NUM_STREAMS": bundle.streams,
            "ENABLE_CPU_PINNING": False,  # decoders need the same cores
        }
        try:
            core = only_core()
            model = core.read_model(_file(bundle))
            compiled = core.compile_model(model, DEVICE, properties)
            return _OpenVinoGraph(ov, compiled, bundle.streams)
        except MemoryError:
            raise
        except Exception as error:  # RuntimeError for whatever is wrong with the file
            raise BundleError(
                bundle.saved_model,
                "OpenVINO {} cannot load it: {}".format(
                    ov.__version__, " ".join(str(error).split())
                ),
            )


def _file(bundle: Bundle) -> str:
    is_int8 = bundle.precision == INT8
    return os.path.join(bundle.saved_model, INT8_FILE) if is_int8 else bundle.saved_model


class _OpenVinoGraph(Graph):
    """A compiled graph with requests: one thread uses it at a time.

    In several streams each picture is a request of its own, so that none of them waits for another
    that has more to do.
    """

    def __init__(self, ov: Any, compiled: Any, streams: int) -> None:
        self._ov = ov
        if len(compiled.inputs) != 1:
            raise ValueError("it has {} inputs; one belongs there".format(len(compiled.inputs)))
        pixels = compiled.inputs[0]
        belongs = ov.PartialShape([-1] + list(ROW))
        if pixels.element_type != ov.Type.u8 or not belongs.compatible(pixels.partial_shape):
            raise ValueError(
                "its input is {} {}; uint8[n, 299, 299, 3] belongs there".format(
                    pixels.element_type, pixels.partial_shape
                )
            )
        names = {
            name: number for number, one in enumerate(compiled.outputs) for name in one.get_names()
        }
        if SCORES not in names:
            raise ValueError("it has no output {!r}".format(SCORES))
        self._scores, self._familiar = names[SCORES], names.get(FAMILIAR)
        self._compiled = compiled
        self.overlaps = streams > 1
        self._free: List[Any] = []

    def run(self, rows: np.ndarray) -> Outputs:
        return self._begun(rows)()

    def start(self, rows: np.ndarray) -> Callable[[], Outputs]:
        return self._begun(rows) if self.overlaps else super().start(rows)

    def _begun(self, rows: np.ndarray) -> Callable[[], Outputs]:
        each = 1 if self.overlaps else len(rows)
        running = []
        for first in range(0, len(rows), each):
            request = self._free.pop() if self._free else self._compiled.create_infer_request()
            request.set_input_tensor(self._tensor(rows[first : first + each]))
            request.start_async()
            running.append(request)
        return lambda: self._ended(running)

    def _ended(self, running: List[Any]) -> Outputs:
        for request in running:
            request.wait()
        scores = _joined(running, self._scores)
        familiar = None if self._familiar is None else _joined(running, self._familiar).ravel()
        self._free.extend(running)
        return Outputs(scores, familiar)

    def shares_memory(self, rows: np.ndarray) -> bool:
        return bool(self._tensor(rows).data.ctypes.data == rows.ctypes.data)

    def sizes(self, most: int) -> Tuple[int, ...]:
        """Return the powers of two, and `most`: the first run of a size compiles for it.

        Where each picture is run by itself, that is one size, whatever the batch's.
        """
        if self.overlaps:
            return ()
        return tuple(sorted({most} | {1 << n for n in range(most.bit_length())}))

    def _tensor(self, rows: np.ndarray) -> Any:
        return self._ov.Tensor(rows, shared_memory=True)


def _joined(requests: Sequence[Any], number: int) -> np.ndarray:
    """Return a copy of an output: a request's own memory is written to by its next run."""
    return np.concatenate([request.get_output_tensor(number).data for request in requests])


def openvino() -> Any:
    """Import OpenVINO, without what would tell its makers of each import, by Google Analytics.

    It does without that package where it is not installed, and so does NNCF.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino as ov

    return ov


@functools.lru_cache(maxsize=None)
def only_core() -> Any:
    """Return OpenVINO's Core, of which a process makes one, for good.

    For AMX, whose state a signal's frame has to hold, OpenVINO (2026.4) gives the thread in which a
    graph is first compiled a stack for signals. It frees that with the Core, in whichever thread it
    is dropped: the next signal, a SIGTERM say, would end the first thread, and the process.
    """
    return openvino().Core()
