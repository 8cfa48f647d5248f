"""A base in 8 bits, made once for all graphs that stand on it."""

from functools import partial
from typing import Any, Callable, Sequence

import numpy as np

from export.quantize import graph


class Trunk:
    """What makes graphs in 8 bits of plain ones.

    Finding the ranges of a base takes most of the time; where graphs differ only in what follows
    it, their averages and heads, it is done once.
    """

    def __init__(self, rows: Sequence[np.ndarray], shared: bool = True) -> None:
        """Keep the pictures by which ranges are found.

        Args:
            rows: see `export.quantize.graph.quantized`.
            shared: whether all graphs have the same base; otherwise each one's is made anew.
        """
        self._rows, self._shared = rows, shared
        self._make: Callable[[str], Any] = partial(graph.quantized, rows=rows)
        self._made: Any = None

    def under(self, saved_model: str) -> Any:
        """Return the OpenVINO model in 8 bits of the plain graph in the folder `saved_model`.

        The first has each block that is used by one that follows.

        Raises:
            export.quantize.graph.TooLongError: see `keep_in_floats`.
        """
        if self._shared and self._made is not None:
            return graph.grafted(self._made, saved_model)
        self._made = self._make(saved_model)
        return self._made

    def keep_in_floats(self, judged_by: Sequence[np.ndarray], classes: int) -> None:
        """Have what is made from now on compute the layers in floats that do the most harm.

        Args:
            judged_by, classes: see `export.quantize.graph.controlled`.
        """
        self._made = None
        self._make = partial(
            graph.controlled, rows=self._rows, judged_by=judged_by, classes=classes
        )
