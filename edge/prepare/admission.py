"""Which pictures are decoded, and how many at a time: so that none of them takes all memory."""

import threading

from edge.prepare.decoder import MAX_BYTES, MAX_MEGAPIXELS, checked
from edge.prepare.header import Header


class Admission:
    """Room for what is being decoded, shared by all decoders.

    Attributes:
        max_megapixels: a picture has at most so many; may be changed at any time.
    """

    def __init__(self, max_megapixels: float = MAX_MEGAPIXELS, room_bytes: int = MAX_BYTES) -> None:
        """Begin with all the room.

        Args:
            max_megapixels: see the class.
            room_bytes: what pictures take together, but for a single one that takes more.
        """
        self.max_megapixels = max_megapixels
        self._room = room_bytes
        self._taken = 0
        self._changed = threading.Condition()

    def header(self, data: bytes) -> Header:
        """Return the Header of a picture file that may be decoded; raises PictureError."""
        return checked(data, self.max_megapixels)

    def enter(self, header: Header, timeout: float) -> bool:
        """Take the room for a picture; return False if there was none for `timeout` seconds."""
        wanted = header.bytes
        with self._changed:
            if not self._changed.wait_for(
                lambda: self._taken == 0 or self._taken + wanted <= self._room, timeout
            ):
                return False
            self._taken += wanted
            return True

    def leave(self, header: Header) -> None:
        """Give the room for a picture back."""
        with self._changed:
            self._taken -= header.bytes
            self._changed.notify_all()
