"""Signals as something to wait for, so that no code runs in their handlers."""

import select
import signal
import socket
from typing import Any, Dict, Sequence, Set


class Signals:
    """Collects signals; a context manager, for the main thread.

    The interpreter writes each signal's number to a socket (`signal.set_wakeup_fd`). What a
    handler in Python may do is uncertain: it runs amid whatever the main thread does, which may
    hold the very lock that it wants.
    """

    def __init__(self, numbers: Sequence[int]) -> None:
        """Collect the signals `numbers` from now on."""
        self._numbers = numbers
        self._out, self._in = socket.socketpair()
        self._in.setblocking(False)
        self._former: Dict[int, Any] = {}

    def __enter__(self) -> "Signals":
        signal.set_wakeup_fd(self._in.fileno())
        for number in self._numbers:
            self._former[number] = signal.signal(number, lambda *_: None)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(-1)
        self._in.close()
        self._out.close()

    def wait(self, timeout: float) -> Set[int]:
        """Return the numbers of the signals that came, at the latest after `timeout` seconds."""
        ready, _, _ = select.select([self._out], [], [], timeout)
        return set(self._out.recv(4096)).intersection(self._numbers) if ready else set()
