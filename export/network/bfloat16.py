"""TensorFlow's convolutions in bfloat16, where the processor computes in that."""

from contextlib import contextmanager
from typing import Iterator

import tensorflow as tf
from tensorflow.core.protobuf.rewriter_config_pb2 import RewriterConfig

from edge.machine.processor import instructions

INSTRUCTIONS = {"avx512_bf16", "amx_bf16"}
"""Any of these computes in it, faster than in FP32; without, TensorFlow would imitate them."""

OPTION = "auto_mixed_precision_onednn_bfloat16"


def is_fast() -> bool:
    """Return whether this processor, and this TensorFlow, compute in bfloat16."""
    return hasattr(RewriterConfig(), OPTION) and bool(INSTRUCTIONS & instructions())


@contextmanager
def computing(wanted: bool) -> Iterator[None]:
    """Have graphs that are run in the block compute in bfloat16, if it is wanted.

    TensorFlow does so with convolutions and products, and what comes between them.
    """
    tf.config.optimizer.set_experimental_options({OPTION: wanted})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({OPTION: False})
