"""TensorRT inside TensorFlow: whether it is here, and its converter.

All that needs a GPU goes through here; tests without one replace what they must.
"""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence

import tensorflow as tf

from edge.classify.tensorflow import cap_gpu_memory, linked_tensorrt
from edge.machine.tensorrt import missing_libraries

LAST_WITH_TENSORRT = "2.17"
"""The last TensorFlow that has TensorRT inside."""


class Options(NamedTuple):
    """How to convert.

    Attributes:
        precision: "fp16" or "fp32".
        batch_sizes: the only sizes that the graph will take.
        workspace_mb: what an engine may take while it runs, in MiB.
        minimum_segment_size: nodes that are worth an engine.
        cached_engines: kept for each part of the graph; None: one for each batch size.
        gpu_memory_mb: the cap on TensorFlow's GPU memory.
        force: write the bundle even if its scores are off.
    """

    precision: str
    batch_sizes: Sequence[int]
    workspace_mb: int
    minimum_segment_size: int
    cached_engines: Optional[int]
    gpu_memory_mb: int
    force: bool


def missing(gpu_memory_mb: Optional[int]) -> List[str]:
    """Return what keeps a graph from being converted here, a text each; empty if all is there.

    If there is a GPU, its memory is capped.
    """
    version = linked_tensorrt()
    if version is None:
        return [
            "TensorFlow {} has no TensorRT inside ({} is the last that may)".format(
                tf.__version__, LAST_WITH_TENSORRT
            )
        ]
    found = [
        "TensorFlow {} wants TensorRT {}, and there is no {}".format(
            tf.__version__, version[0], library
        )
        for library in missing_libraries(version)
    ]
    cap_gpu_memory(tf, gpu_memory_mb)
    if not tf.config.list_physical_devices("GPU"):
        found.append("TensorFlow {} sees no GPU".format(tf.__version__))
    return found


def converter(saved_model: str, options: Options) -> Any:
    """Return TensorFlow's own converter of a SavedModel, with `convert`, `build` and `save`.

    Args:
        saved_model: its folder.
        options: the Options.
    """
    from tensorflow.python.compiler.tensorrt import trt_convert

    parameters: Dict[str, Any] = {
        "precision_mode": options.precision.upper(),
        "max_workspace_size_bytes": options.workspace_mb << 20,
        "minimum_segment_size": options.minimum_segment_size,
        "maximum_cached_engines": options.cached_engines or len(options.batch_sizes),
        "allow_build_at_runtime": False,
    }
    if hasattr(trt_convert, "DEFAULT_TRT_CONVERSION_PARAMS") and _is_before(2, 8):
        former = trt_convert.DEFAULT_TRT_CONVERSION_PARAMS._replace(**parameters)
        parameters = {"conversion_params": former}
    return trt_convert.TrtGraphConverterV2(input_saved_model_dir=saved_model, **parameters)


def _is_before(*version: int) -> bool:
    return tuple(int(part) for part in tf.__version__.split(".")[:2]) < version
