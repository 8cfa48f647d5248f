"""A graph before it serves: what a run of each size takes."""

import time
from typing import Dict, List, Sequence

import numpy as np

from edge.classify.outputs import Outputs
from edge.classify.runtime import Graph

RUNS = 3
"""Of each size, at least: the first may compile for it, the quickest of the others counts."""


class TimedGraph(Graph):
    """A graph whose runs are timed, those over the golden samples, too."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._took: Dict[int, List[float]] = {}

    def run(self, rows: np.ndarray) -> Outputs:
        began = time.monotonic()
        outputs = self._graph.run(rows)
        self._took.setdefault(len(rows), []).append(time.monotonic() - began)
        return outputs

    def warm_up(self, buffer: np.ndarray, sizes: Sequence[int]) -> Dict[int, float]:
        """Run it at each size that it will see, so that no picture pays for the first run.

        Args:
            buffer: uint8[n, 299, 299, 3], a whole batch of whatever pictures.
            sizes: the only sizes that the graph takes; empty: any.

        Returns:
            {size: what a run of it takes, in seconds}; empty if it takes any size.
        """
        if not sizes and len(buffer) not in self._took:
            self.run(buffer)
        return {size: self._seconds(buffer[:size]) for size in sizes if size <= len(buffer)}

    def _seconds(self, rows: np.ndarray) -> float:
        while len(self._took.get(len(rows), ())) < RUNS:
            self.run(rows)
        return min(self._took[len(rows)][1:])
