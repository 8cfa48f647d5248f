"""What changes a daemon while it serves: one thing at a time, on one thread."""

from edge.daemon.converter import Converter
from edge.daemon.reload import Reload


class Changes:
    """A reload that was asked for, or else a conversion's next step; `step` is a Worker's.

    They share a thread so that neither sees the service half changed by the other.
    """

    def __init__(self, reload: Reload, converter: Converter) -> None:
        self._reload = reload
        self._converter = converter

    def step(self) -> bool:
        """Wait a little for a reload to be asked for; return True if there was one."""
        if self._reload.step():
            return True
        self._converter.step()
        return False
