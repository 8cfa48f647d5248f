"""Memory that TensorFlow can read in place, and what glibc does with what is free."""

import ctypes
import mmap
from typing import Sequence

import numpy as np

ALIGNMENT = 64
"""Bytes; TensorFlow's EIGEN_MAX_ALIGN_BYTES: a tensor elsewhere is copied, or aborts."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters of mallopt(3)."""

KEPT_BYTES = 64 << 20
"""Free, of each arena (malloc(3) has as many as threads that compete)."""

MAPPED_BYTES = 32 << 20
"""What is larger is given back at once: the most that mallopt takes before glibc 2.35."""


def aligned(shape: Sequence[int]) -> np.ndarray:
    """Return a zeroed uint8 array of `shape` that begins on a memory page, hence aligned."""
    size = int(np.prod(shape))
    return np.frombuffer(mmap.mmap(-1, size), np.uint8, count=size).reshape(shape)


def keep_for_pictures() -> None:
    """Have glibc keep what the last pictures took for the next ones, in all of this process.

    By itself it gives a decoded picture's 6 MB (1080p) back, and the system hands them out anew,
    zeroed page by page. It keeps up to KEPT_BYTES. Elsewhere nothing is done.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, MAPPED_BYTES)
        mallopt(_TRIM_THRESHOLD, KEPT_BYTES)


def give_back() -> None:
    """Have glibc return free memory to the system; elsewhere do nothing.

    Loading and optimising a graph frees copies of its weights, some hundred MB, that glibc would
    keep. On a Jetson the GPU wants them.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
