"""What is not yet acknowledged by the broker, bounded."""

import threading
from collections import OrderedDict, deque, namedtuple

Message = namedtuple("Message", "topic payload delivered retain since user_properties")
Message.__doc__ = """One message for the broker.

topic: text; payload: bytes; delivered: called without arguments once nothing can lose it any more;
retain: whether the broker keeps it for late subscribers; since: when it came to be, in monotonic
seconds; user_properties: pairs of texts for MQTT 5.
"""


class Outbox:
    """Messages in memory, first in first out, until each is acknowledged.

    It holds at most `max_messages`; `put` waits while it is full, which is the pipeline's second
    and last place of backpressure. Safe for use from several threads. `on_put`, where it is set,
    is called after each message taken in.
    """

    def __init__(self, max_messages, gauge=None):
        """Make an empty outbox.

        Args:
            max_messages: the bound.
            gauge: a Prometheus Gauge that shows the number held, or None.
        """
        self._max = max_messages
        self._gauge = gauge
        self.on_put = None
        self._changed = threading.Condition()
        self._held = OrderedDict()
        self._unsent = deque()
        self._number = 0

    def put(self, message, timeout):
        """Take a message in; return False if there was no room for `timeout` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._held) < self._max, timeout):
                return False
            self._number += 1
            self._held[self._number] = message
            self._unsent.append(self._number)
            self._show()
        if self.on_put is not None:
            self.on_put()
        return True

    def next_unsent(self):
        """Return (key, message) of the oldest message not handed out yet, or None."""
        with self._changed:
            if not self._unsent:
                return None
            key = self._unsent.popleft()
            return key, self._held[key]

    def send_again(self, keys):
        """Take back messages handed out as `keys`, each to its place in the order."""
        with self._changed:
            self._unsent = deque(sorted(set(self._unsent).union(keys)))

    def acknowledge(self, key):
        """Forget the message handed out as `key` and call its `delivered`."""
        with self._changed:
            message = self._held.pop(key)
            self._show()
            self._changed.notify_all()
        message.delivered()

    def __len__(self):
        with self._changed:
            return len(self._held)

    def _show(self):
        if self._gauge is not None:
            self._gauge.set(len(self._held))
