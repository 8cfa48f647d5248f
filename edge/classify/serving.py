"""Which model serves, while one takes over from another between two batches."""

import threading
from collections import deque
from typing import Deque

from edge.classify.loaded import LoadedModel


class Serving:
    """The model that pictures are prepared for, and former ones until their last batch is done."""

    def __init__(self, model: LoadedModel) -> None:
        """Begin with one model; safe for use from several threads."""
        self._changed = threading.Condition()
        self._line: Deque[LoadedModel] = deque([model])

    @property
    def current(self) -> LoadedModel:
        """The model that new pictures go to."""
        with self._changed:
            return self._line[-1]

    @property
    def oldest(self) -> LoadedModel:
        """The model whose batches are next."""
        with self._changed:
            return self._line[0]

    def take_over(self, model: LoadedModel) -> None:
        """Send new pictures to `model`; what the former one has been given it still classifies."""
        with self._changed:
            former = self._line[-1]
            self._line.append(model)
        former.slots.close()

    def retire_drained(self) -> bool:
        """Let go of the oldest model if nothing can reach it any more; return True if so."""
        with self._changed:
            if len(self._line) == 1 or not self._line[0].slots.drained:
                return False
            self._line.popleft()
            self._changed.notify_all()
            return True

    def wait_for_one(self, timeout: float) -> bool:
        """Wait until no former model is left; return False after `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._line) == 1, timeout)
