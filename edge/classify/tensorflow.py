"""TensorFlow as a runtime; the only file of `edge/` that imports it."""

import contextlib
import os
from importlib.util import find_spec
from typing import Any, Callable, Iterator, List, Optional

import numpy as np

from edge.classify.bundle import FAMILIAR, SCORES, Bundle
from edge.classify.outputs import Outputs
from edge.classify.runtime import Fingerprint, Graph, Runtime
from edge.errors import BundleError
from edge.machine import memory
from edge.machine.device import Device
from edge.machine.tensorrt import Version, dotted, missing_libraries
from edge.prepare.preprocess import ROW

KERAS = "TF_USE_LEGACY_KERAS"
"""The variable of the environment by which TensorFlow is told to look for its former Keras."""


class TensorFlowRuntime(Runtime):
    """Plain graphs, and on a Jetson those with TensorRT engines."""

    name = "tensorflow"

    def __init__(self, root: str = "/") -> None:
        """Import nothing yet; `root`: where the system's files lie."""
        self._root = root

    def forms(self, bundle: Bundle) -> List[Bundle]:
        return super().forms(bundle) if find_spec("tensorflow") else []

    def load(self, bundle: Bundle, gpu_memory_mb: Optional[int] = None) -> Graph:
        tf = tensorflow()
        _one_op_at_a_time(tf)
        cap_gpu_memory(tf, gpu_memory_mb)
        try:
            return _TensorFlowGraph(tf, tf.saved_model.load(bundle.saved_model))
        except MemoryError:
            raise
        except Exception as error:  # protobuf's, Keras' and many others: the file is the bundle's
            raise BundleError(
                bundle.saved_model,
                "TensorFlow {} cannot load it: {}".format(tf.__version__, _said(error)),
            )

    def fingerprint(self) -> Fingerprint:
        tf = tensorflow()
        gpus = tf.config.list_physical_devices("GPU")
        details = tf.config.experimental.get_device_details(gpus[0]) if gpus else {}
        return {
            "gpu": details.get("device_name"),
            "compute_capability": dotted(details.get("compute_capability")),
            "tensorrt": dotted(_loaded_tensorrt()),
            "cuda": tf.sysconfig.get_build_info().get("cuda_version"),
            "tensorflow": tf.__version__,
            "l4t": Device(self._root).l4t(),
        }


def _said(error: Exception) -> str:
    """Return what an exception says, on one line."""
    text = " ".join(str(error).split())
    return text if isinstance(error, ValueError) else "{}: {}".format(type(error).__name__, text)


SIGNATURE = "serving_default"
"""The name that TensorFlow Serving and its tools give the one signature of a SavedModel."""


class _TensorFlowGraph(Graph):
    """A SavedModel's signature."""

    def __init__(self, tf: Any, loaded: Any) -> None:
        self._loaded = loaded  # what the signature's weights live in
        if SIGNATURE not in loaded.signatures:
            raise ValueError("it has no signature {!r}".format(SIGNATURE))
        self._graph = loaded.signatures[SIGNATURE]
        if SCORES not in self._graph.structured_outputs:
            raise ValueError("it has no output {!r}".format(SCORES))
        inputs = self._graph.structured_input_signature[1]
        if len(inputs) != 1:
            raise ValueError("it has {} inputs; one belongs there".format(len(inputs)))
        ((self._input, spec),) = inputs.items()
        if spec.dtype != tf.uint8 or not spec.shape.is_compatible_with((None,) + ROW):
            raise ValueError("its input is {}; uint8[n, 299, 299, 3] belongs there".format(spec))
        self._tensor = _sharing_tensor(tf)

    def run(self, rows: np.ndarray) -> Outputs:
        found = self._graph(**{self._input: self._tensor(rows)})
        scores, familiar = found[SCORES], found.get(FAMILIAR)
        return Outputs(scores.numpy(), None if familiar is None else familiar.numpy().ravel())

    def shares_memory(self, rows: np.ndarray) -> bool:
        return _address(self._tensor(rows)) == rows.ctypes.data


def tensorflow() -> Any:
    """Import TensorFlow, with less of its chatter, and without Keras until that is asked for."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with _keras_left_out():
        import tensorflow as tf

    return tf


@contextlib.contextmanager
def _keras_left_out() -> Iterator[None]:
    """Have TensorFlow look for its former Keras, which nobody has installed, while it is imported.

    It would import Keras 3 then, for 1.3 s of its 3.2. `tf.keras` imports that at its first use.
    """
    if KERAS in os.environ:
        yield
        return
    os.environ[KERAS] = "1"
    try:
        yield
    finally:
        del os.environ[KERAS]


def cap_gpu_memory(tf: Any, limit_mb: Optional[int]) -> None:
    """Keep TensorFlow from taking the memory that a Jetson's GPU and CPU share."""
    for gpu in tf.config.list_physical_devices("GPU"):
        capped = tf.config.get_logical_device_configuration(gpu) is not None
        if limit_mb is not None and not capped:
            limit = tf.config.LogicalDeviceConfiguration(memory_limit=limit_mb)
            tf.config.set_logical_device_configuration(gpu, [limit])


def linked_tensorrt() -> Optional[Version]:
    """Return the version of TensorRT that TensorFlow was built for, or None.

    Only the loader may be asked whether it is installed: `missing_libraries`. TensorFlow 2.6 ends
    the process where it is not.
    """
    try:
        from tensorflow.compiler.tf2tensorrt import _pywrap_py_utils as tensorrt
    except ImportError:
        return None
    version = tensorrt.get_linked_tensorrt_version()
    return version if version[0] else None


def _loaded_tensorrt() -> Optional[Version]:
    linked = linked_tensorrt()
    if linked is None or missing_libraries(linked):
        return None
    from tensorflow.compiler.tf2tensorrt import _pywrap_py_utils as tensorrt

    return tensorrt.get_loaded_tensorrt_version()


def _one_op_at_a_time(tf: Any) -> None:
    """Have the graph's branches run one after the other, each on all cores.

    Side by side they want another amount of memory in each batch, so that the peak goes on growing
    for many batches; the speed is nearly the same.
    """
    try:
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        pass  # TensorFlow is at work in this process already


def _sharing_tensor(tf: Any) -> Callable[[np.ndarray], Any]:
    """Return the function that makes a host tensor of an array without copying it.

    TensorFlow up to 2.7 shares an aligned array in `constant`; later ones copy there and share
    through DLPack. What works is found by address; where nothing does, rows are copied.
    """

    def constant(rows: np.ndarray) -> Any:
        with tf.device("/CPU:0"):
            return tf.constant(rows)

    def dlpack(rows: np.ndarray) -> Any:
        if rows.ctypes.data % memory.ALIGNMENT:  # TensorFlow aborts on such a tensor's use
            return constant(rows)
        return tf.experimental.dlpack.from_dlpack(rows.__dlpack__())

    probe = memory.aligned((1, 64))
    if hasattr(probe, "__dlpack__") and _address(dlpack(probe)) == probe.ctypes.data:
        return dlpack
    return constant


def _address(tensor: Any) -> int:
    return np.asarray(memoryview(tensor)).ctypes.data
