"""What is so at present, for retained topics: only the last word on each counts."""

import threading
from collections import OrderedDict


class Statuses:
    """The last payload of each topic, and which of them the broker has not been told.

    Safe for use from several threads. `on_set`, where it is set, is called after each change.
    """

    def __init__(self):
        self.on_set = None
        self._lock = threading.Lock()
        self._payloads = {}
        self._untold = OrderedDict()

    def set(self, topic, payload):
        """Say that `topic` is now `payload` (bytes)."""
        with self._lock:
            if self._payloads.get(topic) == payload:
                return
            self._payloads[topic] = payload
            self._untold[topic] = None
        if self.on_set is not None:
            self.on_set()

    def tell_all(self):
        """Forget what the broker was told: it may have forgotten it, too."""
        with self._lock:
            self._untold = OrderedDict.fromkeys(self._payloads)

    def take(self):
        """Return one (topic, payload) that the broker has not been told, as told; or None."""
        with self._lock:
            if not self._untold:
                return None
            topic, _ = self._untold.popitem(last=False)
            return topic, self._payloads[topic]
