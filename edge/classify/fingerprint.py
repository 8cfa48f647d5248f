"""What TensorRT engines are bound to: the GPU, and the versions of what runs on it."""

import ctypes

from edge.classify.tensorflow import tensorflow
from edge.machine.device import Device

BINDING = ("gpu", "compute_capability", "tensorrt")
"""An engine runs where these are what they were where it was built."""


def take(root="/"):
    """Return this machine's fingerprint: a dict of texts, None where there is no such thing.

    Args:
        root: where the system's files lie.
    """
    tf = tensorflow()
    gpus = tf.config.list_physical_devices("GPU")
    details = tf.config.experimental.get_device_details(gpus[0]) if gpus else {}
    return {
        "gpu": details.get("device_name"),
        "compute_capability": _dotted(details.get("compute_capability")),
        "tensorrt": _dotted(_loaded_tensorrt()),
        "cuda": tf.sysconfig.get_build_info().get("cuda_version"),
        "tensorflow": tf.__version__,
        "l4t": Device(root).l4t(),
    }


def differences(built, here):
    """Return what keeps an engine built under one fingerprint from running here, a text each."""
    return [
        "{} {} (built for {})".format(
            name.replace("_", " "), here.get(name) or "none", built.get(name) or "none"
        )
        for name in BINDING
        if here.get(name) != built.get(name)
    ]


def linked_tensorrt():
    """Return the version of TensorRT that TensorFlow was built for, (major, minor, patch), or None.

    Only the loader may be asked whether it is installed: `missing_libraries`. TensorFlow 2.6 ends
    the process where it is not.
    """
    try:
        from tensorflow.compiler.tf2tensorrt import _pywrap_py_utils as tensorrt
    except ImportError:
        return None
    version = tensorrt.get_linked_tensorrt_version()
    return version if version[0] else None


def missing_libraries(version):
    """Return the names of TensorRT's libraries of a version that the loader does not find."""
    names = ("libnvinfer.so.{}".format(version[0]), "libnvinfer_plugin.so.{}".format(version[0]))
    return [name for name in names if not _can_be_loaded(name)]


def _loaded_tensorrt():
    linked = linked_tensorrt()
    if linked is None or missing_libraries(linked):
        return None
    from tensorflow.compiler.tf2tensorrt import _pywrap_py_utils as tensorrt

    return tensorrt.get_loaded_tensorrt_version()


def _can_be_loaded(library):
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _dotted(numbers):
    return None if numbers is None else ".".join(str(number) for number in numbers)
