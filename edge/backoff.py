"""How long to wait before the next try."""

import random


class Backoff:
    """Waits that double up to a cap, each shortened at random by up to a half.

    So that many clients of one server do not come back to it all at once.
    """

    def __init__(self, first_seconds: float = 0.5, cap_seconds: float = 30.0) -> None:
        """Begin with the first wait; what is given by default suits a stream or a server."""
        self._first = first_seconds
        self._cap = cap_seconds
        self.reset()

    def reset(self) -> None:
        """Begin with the first wait again: the last try went well."""
        self._next = self._first

    def next(self) -> float:
        """Return the seconds to wait before the next try."""
        wait, self._next = self._next, min(2 * self._next, self._cap)
        return wait * random.uniform(0.5, 1.0)
