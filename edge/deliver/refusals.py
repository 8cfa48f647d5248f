"""What the broker does not take: kept, to be sent again after a while."""

from typing import Dict, List

from edge.backoff import Backoff

AGAIN_SECONDS = (1.0, 60.0)
"""What the broker refuses is sent again after so long, at first and at most."""


class Refusals:
    """The keys of the messages that were refused, and for what each topic was."""

    def __init__(self) -> None:
        self._reasons: Dict[str, str] = {}
        self._keys: List[int] = []
        self._again = Backoff(*AGAIN_SECONDS)
        self._again_at = 0.0

    def is_new(self, topic: str, reason: str) -> bool:
        """Note that a topic was refused; return True if it was not, or for another reason."""
        new = self._reasons.get(topic) != reason
        self._reasons[topic] = reason
        return new

    @property
    def count(self) -> int:
        """How many messages are kept."""
        return len(self._keys)

    def keep(self, key: int, now: float) -> None:
        """Keep a message that was refused at `now` (monotonic seconds)."""
        if not self._keys:
            self._again_at = now + self._again.next()
        self._keys.append(key)

    def accepted(self, topic: str) -> None:
        """Note that the broker takes what is published to a topic."""
        if self._reasons.pop(topic, None) is not None:
            self._again.reset()

    def due(self, now: float) -> List[int]:
        """Return the keys of the messages that are to be sent again, and forget them."""
        if not self._keys or now <= self._again_at:
            return []
        keys, self._keys = self._keys, []
        return keys
