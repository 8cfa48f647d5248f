"""What a runtime does: it makes a function of rows of a bundle's graph."""

from typing import Dict, Optional

import numpy as np

from edge.classify.bundle import Bundle
from edge.classify.outputs import Outputs

Fingerprint = Dict[str, Optional[str]]
"""What TensorRT engines are bound to on a machine: a text each, None where there is no such thing.
"""


class Graph:
    """A bundle's graph, loaded and ready; used by one thread at a time."""

    def run(self, rows: np.ndarray) -> Outputs:
        """Return what it says of `rows`, uint8[n, 299, 299, 3].

        `rows` may be overwritten once this has returned. It may take as long as the graph takes;
        what it raises is not the fault of the pictures, and ends the process.
        """
        raise NotImplementedError

    def shares_memory(self, rows: np.ndarray) -> bool:
        """Return True if the graph reads such `rows` where they lie, without a copy on the host."""
        raise NotImplementedError


class Runtime:
    """A library that runs graphs; makes nothing before it is asked to, and imports it then."""

    name = ""
    """What people call it."""

    def load(self, bundle: Bundle, gpu_memory_mb: Optional[int] = None) -> Graph:
        """Load a bundle's graph, with at most so much memory of a GPU, if there is a GPU.

        Raises:
            BundleError: it cannot be loaded.
        """
        raise NotImplementedError

    def fingerprint(self) -> Fingerprint:
        """Return what this machine's TensorRT engines are bound to."""
        raise NotImplementedError
