"""The batch sizes that a graph takes: which of them hold so many rows."""

from typing import List, Mapping, Sequence, Tuple


def padded(count: int, sizes: Sequence[int]) -> int:
    """Return the smallest of `sizes` that holds `count` rows; `count` where any size will do."""
    return min((size for size in sizes if size >= count), default=count)


def runs(count: int, seconds: Mapping[int, float]) -> List[int]:
    """Return the sizes to run the graph at so that `count` rows are done soonest, largest first.

    Of two choices that take the same time it is the one with fewer runs.

    Args:
        count: how many rows wait.
        seconds: {size: what a run of it takes}.
    """
    best: List[Tuple[float, int, List[int]]] = [(0.0, 0, [])]
    for rows in range(1, count + 1):
        options = [(size, took, best[max(0, rows - size)]) for size, took in seconds.items()]
        best.append(
            min((took + rest[0], 1 + rest[1], [size] + rest[2]) for size, took, rest in options)
        )
    return sorted(best[count][2], reverse=True)
