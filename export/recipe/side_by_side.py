"""Fits that have nothing to do with one another, each on a core of its own."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, List, Sequence, TypeVar

from threadpoolctl import threadpool_limits

Job = TypeVar("Job")
Found = TypeVar("Found")


def each(fit: Callable[[Job], Found], jobs: Sequence[Job]) -> List[Found]:
    """Return what `fit` gives for each of some jobs, in their order.

    The solver's small products are slower on several cores each.
    """
    with threadpool_limits(1):
        if len(jobs) == 1:
            return [fit(jobs[0])]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(fit, jobs))
