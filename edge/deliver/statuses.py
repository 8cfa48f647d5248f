"""What is so at present, for retained topics: only the last word on each counts."""

import threading
from collections import OrderedDict
from typing import Dict, Optional, Tuple

from edge.wakeup import Wakeup


class Statuses:
    """The last payload of each topic, and which of them the broker has not been told.

    Safe for use from several threads.
    """

    def __init__(self, wakeup: Optional[Wakeup] = None) -> None:
        """Begin with nothing said; `wakeup`: wakes whoever tells the broker, after each change."""
        self._wakeup = wakeup
        self._lock = threading.Lock()
        self._payloads: Dict[str, bytes] = {}
        self._untold: "OrderedDict[str, None]" = OrderedDict()

    def set(self, topic: str, payload: bytes) -> None:
        """Say that `topic` is now `payload`."""
        with self._lock:
            if self._payloads.get(topic) == payload:
                return
            self._payloads[topic] = payload
            self._untold[topic] = None
        if self._wakeup is not None:
            self._wakeup.wake()

    def tell_all(self) -> None:
        """Forget what the broker was told: it may have forgotten it, too."""
        with self._lock:
            self._untold = OrderedDict.fromkeys(self._payloads)

    def next_untold(self) -> Optional[Tuple[str, bytes]]:
        """Return one (topic, payload) that the broker has not been told, as told; or None."""
        with self._lock:
            if not self._untold:
                return None
            topic, _ = self._untold.popitem(last=False)
            return topic, self._payloads[topic]
