"""The one picture of a camera that may be under way."""

import threading
from collections import namedtuple

Shot = namedtuple("Shot", "image number captured_at seen")
Shot.__doc__ = """A picture from a camera.

image: uint8[height, width, 3], RGB; number: counts up from 1; captured_at: seconds since 1970
(UTC); seen: the same moment in monotonic seconds.
"""


class Mailbox:
    """Holds a Shot until it is taken, and is not free before that one is done with.

    One thread puts, another takes, any clears.
    """

    def __init__(self):
        self._changed = threading.Condition()
        self._shot = None
        self._free = True

    @property
    def free(self):
        """True if nothing is under way."""
        with self._changed:
            return self._free

    def put(self, shot):
        """Put a Shot in; only while `free`."""
        with self._changed:
            self._shot, self._free = shot, False
            self._changed.notify_all()

    def take(self, timeout):
        """Return the Shot that was put in, or None if there is none within `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._shot is not None, timeout)
            shot, self._shot = self._shot, None
            return shot

    def clear(self):
        """Say that the Shot taken last is done with."""
        with self._changed:
            self._free = True
            self._changed.notify_all()

    def close(self, timeout):
        """Throw away a Shot that nobody took; wait at most `timeout` seconds for one under way."""
        with self._changed:
            if self._shot is not None:
                self._shot, self._free = None, True
            self._changed.wait_for(lambda: self._free, timeout)
