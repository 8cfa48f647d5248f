"""Memory that TensorFlow can read in place."""

import ctypes
import mmap
from typing import Sequence

import numpy as np

ALIGNMENT = 64
"""Bytes; TensorFlow's EIGEN_MAX_ALIGN_BYTES: a tensor elsewhere is copied, or aborts."""


def aligned(shape: Sequence[int]) -> np.ndarray:
    """Return a zeroed uint8 array of `shape` that begins on a memory page, hence aligned."""
    size = int(np.prod(shape))
    return np.frombuffer(mmap.mmap(-1, size), np.uint8, count=size).reshape(shape)


def give_back() -> None:
    """Have glibc return free memory to the system; elsewhere do nothing.

    Loading and optimising a graph frees copies of its weights, some hundred MB, that glibc would
    keep. On a Jetson the GPU wants them.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
