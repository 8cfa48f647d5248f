"""Where pictures come from."""

import threading
from typing import Iterator, Optional

from edge.config.settings import SourceSettings
from edge.frame import Frame


class Source:
    """A camera, a folder, a topic; made anew for each time it runs.

    Attributes:
        name: the source's name.
    """

    name = ""

    def frames(self, stop: threading.Event) -> Iterator[Optional[Frame]]:
        """Yield a Frame for each picture, or None about every STEP_SECONDS.

        It runs on a thread of its own until `stop` is set, or it has come to its own end, and then
        puts away what it holds within a few seconds, yielding on. What can be expected to fail it
        tries again for ever, and shows by its SourceState; what it raises is a fault of labeld.

        Each Frame is settled exactly once, from any thread.
        """
        raise NotImplementedError

    def leave(self, successor: Optional[SourceSettings]) -> None:
        """Say, before `stop` is set and from another thread, whose settings take its place.

        Args:
            successor: those of any kind of source; None: nobody's.
        """
