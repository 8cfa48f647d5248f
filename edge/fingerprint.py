"""What TensorRT engines are bound to: the GPU, and the versions of what runs on it."""

import os
import re

L4T_RELEASE = "etc/nv_tegra_release"
"""Where a Jetson says which release of its system it has, below the root."""


def take(root="/"):
    """Return this machine's fingerprint: a dict of texts, None where there is no such thing.

    TensorFlow must have TensorRT (`export.trt.missing` tells), for it ends the process otherwise.

    Args:
        root: where the system's files lie.
    """
    import tensorflow as tf
    from tensorflow.compiler.tf2tensorrt import _pywrap_py_utils as tensorrt

    gpus = tf.config.list_physical_devices("GPU")
    details = tf.config.experimental.get_device_details(gpus[0]) if gpus else {}
    return {
        "gpu": details.get("device_name"),
        "compute_capability": _dotted(details.get("compute_capability")),
        "tensorrt": _dotted(tensorrt.get_loaded_tensorrt_version()),
        "cuda": tf.sysconfig.get_build_info().get("cuda_version"),
        "tensorflow": tf.__version__,
        "l4t": l4t(root),
    }


def l4t(root="/"):
    """Return a Jetson's release of Linux for Tegra, such as "32.7.1"; None elsewhere."""
    try:
        with open(os.path.join(root, L4T_RELEASE), encoding="utf-8") as file:
            found = re.match(r"# R(\d+) \(release\), REVISION: ([\d.]+)", file.readline())
    except OSError:
        return None
    return ".".join(found.groups()) if found else None


def _dotted(numbers):
    return None if numbers is None else ".".join(str(number) for number in numbers)
