"""A bundle's graph as a function of rows; the only file of `edge/` that imports TensorFlow."""

import os

import numpy as np

from edge.errors import BundleError
from edge.machine import memory


class Classifier:
    """The graph of a bundle, loaded and ready: uint8[n, 299, 299, 3] -> float32[n, classes].

    Rows that lie in a page-aligned buffer are read where they are, without a copy on the host.
    Use from one thread at a time.
    """

    def __init__(self, bundle, gpu_memory_mb=None):
        """Load `bundle`'s graph, having capped the GPU's memory if there is a GPU.

        Raises:
            BundleError: TensorFlow cannot load the graph.
        """
        tf = tensorflow()
        _one_op_at_a_time(tf)
        cap_gpu_memory(tf, gpu_memory_mb)
        try:
            self._loaded = tf.saved_model.load(bundle.saved_model)
            self._graph = self._loaded.signatures["serving_default"]
        except (tf.errors.OpError, OSError, KeyError, ValueError) as error:
            raise BundleError(
                bundle.saved_model,
                "TensorFlow {} cannot load it: {}".format(tf.__version__, error),
            )
        self._input = next(iter(self._graph.structured_input_signature[1]))
        self._tensor = _sharing_tensor(tf)

    def __call__(self, rows):
        """Return the scores, float32[n, classes], of `rows`, uint8[n, 299, 299, 3].

        `rows` may be overwritten once this has returned.
        """
        outputs = self._graph(**{self._input: self._tensor(rows)})
        return next(iter(outputs.values())).numpy()

    def shares_memory(self, rows):
        """Return True if the tensor that the graph reads begins at the address of `rows`."""
        return _address(self._tensor(rows)) == rows.ctypes.data


def tensorflow():
    """Import TensorFlow, with less of its chatter."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    return tf


def _one_op_at_a_time(tf):
    """Have the graph's branches run one after the other, each on all cores.

    Side by side they want another amount of memory in each batch, so that the peak goes on growing
    for many batches; the speed is nearly the same.
    """
    try:
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        pass  # TensorFlow is at work in this process already


def cap_gpu_memory(tf, limit_mb):
    """Keep TensorFlow from taking the memory that a Jetson's GPU and CPU share."""
    for gpu in tf.config.list_physical_devices("GPU"):
        capped = tf.config.get_logical_device_configuration(gpu) is not None
        if limit_mb is not None and not capped:
            limit = tf.config.LogicalDeviceConfiguration(memory_limit=limit_mb)
            tf.config.set_logical_device_configuration(gpu, [limit])


def _sharing_tensor(tf):
    """Return the function that makes a host tensor of an array without copying it.

    TensorFlow up to 2.7 shares an aligned array in `constant`; later ones copy there and share
    through DLPack. What works is found by address; where nothing does, rows are copied.
    """

    def constant(rows):
        with tf.device("/CPU:0"):
            return tf.constant(rows)

    def dlpack(rows):
        if rows.ctypes.data % memory.ALIGNMENT:  # TensorFlow aborts on such a tensor's use
            return constant(rows)
        return tf.experimental.dlpack.from_dlpack(rows.__dlpack__())

    probe = memory.aligned((1, 64))
    if hasattr(probe, "__dlpack__") and _address(dlpack(probe)) == probe.ctypes.data:
        return dlpack
    return constant


def _address(tensor):
    return np.asarray(memoryview(tensor)).ctypes.data
