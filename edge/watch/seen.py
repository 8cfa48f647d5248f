"""What the broker tells of the sources of one or more devices."""

import json
import time
from collections import OrderedDict, deque
from typing import Any, Deque, Dict, List, NamedTuple, Optional, Tuple

import paho.mqtt.client as paho

from edge import text
from edge.mqtt.listener import Listener, Refusal
from edge.mqtt.topics import FAILED, LABEL, STATUS

MOST_SOURCES = 1000
"""Rows that are kept: whoever may publish could name any number of sources."""

MINUTE_SECONDS = 60.0
MOST_COUNTED = 10000
"""Labels of a source that are counted within the minute."""


class Source(NamedTuple):
    """What is known of a source, for a row of the table.

    Attributes:
        device, name: whose it is, and what it is called.
        online: whether its labeld is; None: not told.
        status, reason: how it is.
        label, score, image: of its last label.
        age_seconds: since that came.
        per_minute: labels within the last minute.
        failed, error: pictures that could not be classified since this began, and why the last.
    """

    device: str
    name: str
    online: Optional[bool]
    status: str
    reason: str
    label: str
    score: Optional[float]
    image: str
    age_seconds: Optional[float]
    per_minute: int
    failed: int
    error: str


class _Row:
    """What has come of one source."""

    def __init__(self) -> None:
        self.status: Dict[str, Any] = {}
        self.label: Dict[str, Any] = {}
        self.labelled: Deque[float] = deque(maxlen=MOST_COUNTED)
        self.failed = 0
        self.error = ""


class Seen(Listener):
    """Keeps the last word on each source; one thread's."""

    def __init__(self, prefix: str, device: Optional[str]) -> None:
        """Begin with nothing.

        Args:
            prefix: the topics' first levels.
            device: one device's level of the topics; None: all devices.
        """
        self._prefix = prefix.strip("/")
        self._device = device
        self._rows: "OrderedDict[Tuple[str, str], _Row]" = OrderedDict()
        self._online: Dict[str, bool] = {}
        self._wants: List[str] = []
        self.trouble: Optional[str] = "not connected yet"

    def on_up(self) -> None:
        self.trouble = None
        root = "{}/{}".format(self._prefix, self._device or "+")
        self._wants = ["{}/{}".format(root, STATUS)]
        self._wants += ["{}/+/{}".format(root, last) for last in (STATUS, LABEL, FAILED)]

    def wanted(self) -> List[str]:
        """Return the topic filters that are to be subscribed to now, each once a connection."""
        wants, self._wants = self._wants, []
        return wants

    def on_trouble(self, reason: str) -> None:
        self.trouble = reason

    def on_subscribed(self, refusal: Optional[Refusal]) -> None:
        if refusal is not None:
            self.trouble = "the broker refuses the subscription: " + refusal.text

    def on_message(self, message: paho.MQTTMessage) -> None:
        levels = message.topic[len(self._prefix) + 1 :].split("/")
        if len(levels) == 2:
            self._online[levels[0]] = message.payload == b"online"
            return
        device, source, last = levels
        if (device, source) not in self._rows and len(self._rows) >= MOST_SOURCES:
            return
        if not message.payload:  # what was retained is taken back
            if last == STATUS:
                self._rows.pop((device, source), None)
            return
        self._take(self._rows.setdefault((device, source), _Row()), last, message)

    def _take(self, row: _Row, last: str, message: paho.MQTTMessage) -> None:
        try:
            said = json.loads(message.payload.decode("utf-8"))
        except ValueError:
            return
        if not isinstance(said, dict):
            return
        if last == STATUS:
            row.status = said
        elif last == FAILED:
            row.failed += 1
            row.error = _text(said.get("error"))
        else:
            row.label = said
            if not message.retain:
                row.labelled.append(time.monotonic())

    def sources(self) -> List[Source]:
        """Return what is known of each source, by device and name."""
        now = time.monotonic()
        return [self._source(key, row, now) for key, row in sorted(self._rows.items())]

    def _source(self, key: Tuple[str, str], row: _Row, now: float) -> Source:
        while row.labelled and now - row.labelled[0] > MINUTE_SECONDS:
            row.labelled.popleft()
        score = row.label.get("score")
        return Source(
            text.one_line(key[0]),
            text.one_line(key[1]),
            self._online.get(key[0]),
            _text(row.status.get("status")),
            _text(row.status.get("reason")),
            _text(row.label.get("label")),
            float(score) if isinstance(score, (int, float)) else None,
            _text(row.label.get("image")),
            now - row.labelled[-1] if row.labelled else None,
            len(row.labelled),
            row.failed,
            row.error,
        )


def _text(value: Any) -> str:
    """Return what an event says as one line, whatever it holds."""
    return text.one_line(value)[:200] if isinstance(value, str) else ""
