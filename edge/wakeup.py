"""A way to wake a thread that waits for sockets."""

import socket


class Wakeup:
    """Made by whoever owns the waiting thread, and handed to those that have news for it.

    The waiting thread registers `fileno()` for reading, calls `clear` when it is woken, and `close`
    at its end. Any thread calls `wake`.
    """

    def __init__(self) -> None:
        self._out, self._in = socket.socketpair()
        self._out.setblocking(False)
        self._in.setblocking(False)

    def wake(self) -> None:
        """Make the wait return now, or at once if it has not begun; after `close` do nothing."""
        try:
            self._in.send(b"1")
        except OSError:
            pass  # so many have woken it already, or it is closed

    def fileno(self) -> int:
        """Return the file descriptor that can be read once somebody has woken us."""
        return self._out.fileno()

    def clear(self) -> None:
        """Forget that somebody has woken us."""
        try:
            self._out.recv(4096)
        except BlockingIOError:
            pass  # nobody has

    def close(self) -> None:
        """Close the sockets."""
        self._in.close()
        self._out.close()
