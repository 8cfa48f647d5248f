"""What is so at present, for retained topics: only the last word on each counts."""

import threading
from collections import OrderedDict
from typing import Dict, NamedTuple, Optional, Tuple

from edge.mqtt.properties import JSON, PublishProperties
from edge.wakeup import Wakeup


class Word(NamedTuple):
    """What a topic is told; `retain`: whether the broker keeps it, and is told it again."""

    payload: bytes
    properties: PublishProperties = JSON
    retain: bool = True


class Statuses:
    """The last word on each topic, and which of them the broker has not been told.

    Safe for use from several threads.
    """

    def __init__(self, wakeup: Optional[Wakeup] = None) -> None:
        """Begin with nothing said; `wakeup`: wakes whoever tells the broker, after each change."""
        self._wakeup = wakeup
        self._lock = threading.Lock()
        self._words: Dict[str, Word] = {}
        self._untold: "OrderedDict[str, None]" = OrderedDict()

    def set(
        self,
        topic: str,
        payload: bytes,
        properties: PublishProperties = JSON,
        retain: bool = True,
    ) -> None:
        """Say that `topic` is now `payload`."""
        word = Word(payload, properties, retain)
        with self._lock:
            if self._words.get(topic) == word:
                return
            self._words[topic] = word
            self._untold[topic] = None
        if self._wakeup is not None:
            self._wakeup.wake()

    def tell_all(self) -> None:
        """Forget what the broker was told: it may have forgotten it, too."""
        with self._lock:
            self._untold = OrderedDict.fromkeys(self._words)

    def payload(self, topic: str) -> bytes:
        """Return the last word on a topic; empty: there is none."""
        with self._lock:
            word = self._words.get(topic)
        return word.payload if word is not None else b""

    def next_untold(self) -> Optional[Tuple[str, Word]]:
        """Return (topic, Word) of one that the broker has not been told, as told; or None."""
        with self._lock:
            if not self._untold:
                return None
            topic, _ = self._untold.popitem(last=False)
            word = self._words[topic]
            if not word.retain:
                del self._words[topic]
            return topic, word
