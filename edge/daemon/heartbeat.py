"""The pulse of the daemon: felt only while every loop comes round."""

import logging
from typing import Callable, Dict, List, Sequence, Set

from edge.daemon.systemd import Notifier
from edge.worker import Worker

STALLED_SECONDS = 30.0
"""A loop that has not come round for so long hangs: not healthy, and no watchdog signal."""


_log = logging.getLogger(__name__)


class Heartbeat:
    """Tells systemd that the daemon lives, or which of its loops hangs."""

    def __init__(self, notifier: Notifier, stalled_seconds: float = STALLED_SECONDS) -> None:
        """Begin with no loop to watch; speak through the Notifier."""
        self._workers: Callable[[], Sequence[Worker]] = list
        self._notifier = notifier
        self._stalled_seconds = stalled_seconds
        self._said = ""
        self._hanging: Set[str] = set()

    def watch(self, workers: Callable[[], Sequence[Worker]]) -> None:
        """Watch, from now on, the Workers that `workers()` returns at each beat."""
        self._workers = workers

    def beat(self, status: str = "") -> None:
        """Send WATCHDOG=1, and a `status` that is new; where a loop hangs, its name instead."""
        hanging = self._idle()
        for name in sorted(set(hanging) - self._hanging):
            _log.error(
                "stage %s; systemd's watchdog ends labeld and starts it again", hanging[name]
            )
        self._hanging = set(hanging)
        if not hanging:
            self._notifier.watchdog()
        status = "; ".join(hanging.values()) or status
        if status != self._said:
            self._notifier.status(status)
            self._said = status

    def stalled(self) -> List[str]:
        """Return a line for each loop that has not come round for too long."""
        return list(self._idle().values())

    def _idle(self) -> Dict[str, str]:
        """Return {name: what to say of it} of the loops that hang."""
        idle = [(worker.name, worker.idle_seconds()) for worker in self._workers()]
        return {
            name: "{} has made no progress for {:.0f} s".format(name, seconds)
            for name, seconds in idle
            if seconds > self._stalled_seconds
        }
