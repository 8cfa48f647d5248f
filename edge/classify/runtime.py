"""What a runtime does: it makes a function of rows of a bundle's graph."""

from typing import Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np

from edge.classify.bundle import Bundle
from edge.classify.outputs import Outputs

Fingerprint = Dict[str, Optional[str]]
"""What TensorRT engines are bound to on a machine: a text each, None where there is no such thing.
"""


AUTO = "auto"
"""In the place of a runtime's name, and of a precision: what is the fastest."""


class Graph:
    """A bundle's graph, loaded and ready; used by one thread at a time.

    Attributes:
        overlaps: whether `start` returns while it runs; it takes any size of batch then.
    """

    overlaps = False

    def run(self, rows: np.ndarray) -> Outputs:
        """Return what it says of `rows`, uint8[n, 299, 299, 3].

        `rows` may be overwritten once this has returned. It may take as long as the graph takes;
        what it raises is not the fault of the pictures, and ends the process.
        """
        raise NotImplementedError

    def start(self, rows: np.ndarray) -> Callable[[], Outputs]:
        """Begin to run `rows`; return what waits for the end, and then returns what `run` does.

        `rows` must stay as they are until then. Where it `overlaps`, several may be under way.
        """
        outputs = self.run(rows)
        return lambda: outputs

    def shares_memory(self, rows: np.ndarray) -> bool:
        """Return True if the graph reads such `rows` where they lie, without a copy on the host."""
        raise NotImplementedError

    def sizes(self, most: int) -> Tuple[int, ...]:
        """Return the batch sizes, at most `most`, that it is to be run at; empty: any.

        Where each size costs it some time at first, these are few.
        """
        return ()


class Runtime:
    """A library that runs graphs; makes nothing before it is asked to, and imports it then."""

    name = ""
    """What people call it."""

    def forms(self, bundle: Bundle) -> List[Bundle]:
        """Return a Bundle in each form that this runtime can run here, that which is likely to be
        the fastest first; none where it is not installed. It may have to be imported for that."""
        return [bundle.as_run(self.name, bundle.precision)]

    def streams(self, form: Bundle) -> Sequence[int]:
        """Return in how many streams it might be worth to run a form: see `Bundle.streams`."""
        return (form.streams,)

    def called(self, name: str) -> "Runtime":
        """Return the runtime of this name, or this one for AUTO.

        Raises:
            KeyError: there is no such.
        """
        return {AUTO: self, self.name: self}[name]

    def load(self, bundle: Bundle, gpu_memory_mb: Optional[int] = None) -> Graph:
        """Load a form of a bundle, with at most so much memory of a GPU, if there is a GPU.

        Raises:
            BundleError: it cannot be loaded.
        """
        raise NotImplementedError

    def fingerprint(self) -> Fingerprint:
        """Return what this machine's TensorRT engines are bound to."""
        raise NotImplementedError
