"""How much of this process's cores other programs take meanwhile."""

import os
import time
from typing import NamedTuple, Optional

PROC_STAT = "/proc/stat"

_IDLE = (3, 4)
"""Of a core's figures those when it has nothing to do: idle, and waiting for a disk (proc(5))."""

_FIGURES = 8
"""So many of them are time on their own: what virtual machines take is in the first two, too."""


class _Time(NamedTuple):
    """Seconds: on a clock, all that the cores were busy, and what this process and its children
    that have ended were."""

    clock: float
    busy: Optional[float]
    own: float


class Others:
    """Other programs, watched since this was made."""

    def __init__(self, path: str = PROC_STAT) -> None:
        """Begin to watch.

        Args:
            path: of what Linux says of its cores.
        """
        self._path = path
        self._began = self._now()

    def share(self) -> float:
        """Return what share of the cores' time they took, 0 to 1; 0 where nothing tells it."""
        now, began = self._now(), self._began
        if now.busy is None or began.busy is None or now.clock <= began.clock:
            return 0.0
        others = (now.busy - began.busy) - (now.own - began.own)
        passed = (now.clock - began.clock) * len(os.sched_getaffinity(0))
        return min(1.0, max(0.0, others / passed))

    def _now(self) -> _Time:
        used = os.times()
        own = used.user + used.system + used.children_user + used.children_system
        return _Time(time.monotonic(), _busy_seconds(self._path), own)


def _busy_seconds(path: str) -> Optional[float]:
    """Return how long the cores on which this process may run were busy since the system began."""
    names = {"cpu{}".format(number) for number in os.sched_getaffinity(0)}
    try:
        with open(path, encoding="ascii") as file:
            lines = [line.split() for line in file]
        cores = [
            [int(one) for one in line[1:]][:_FIGURES] for line in lines if line and line[0] in names
        ]
    except (OSError, ValueError):
        return None
    ticks = sum(one for core in cores for place, one in enumerate(core) if place not in _IDLE)
    return ticks / float(os.sysconf("SC_CLK_TCK"))
