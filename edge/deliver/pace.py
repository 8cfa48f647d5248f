"""How many of what has waited are sent at a time."""

BURST_SECONDS = 0.5
"""What was not sent in so long is made up for at once; what is older is not."""


class Pace:
    """A token bucket: so many a second, and no great burst. For one thread at a time."""

    def __init__(self, per_second: float) -> None:
        """Begin with one that is due."""
        self._per_second = per_second
        self._tokens, self._filled_at = 1.0, 0.0

    def take(self, now: float) -> bool:
        """Return True if one is due at `now` (monotonic seconds); it then counts as sent."""
        most = max(1.0, BURST_SECONDS * self._per_second)
        filled = self._tokens + (now - self._filled_at) * self._per_second
        self._tokens, self._filled_at = min(filled, most), now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
