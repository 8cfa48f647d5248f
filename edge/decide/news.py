"""Which labels of a source are published: all of them, or only news."""

from typing import NamedTuple, Optional, Tuple

from edge.config.fields import NO_PICTURE, Threshold


class Changes:
    """Tells a new label from one that is known, and from one that is no more than a slip.

    A label counts as new once it has come `results` times in a row, or has come without a break
    for `seconds`. One that is known is repeated every `heartbeat_seconds`. Not safe for use from
    several threads.
    """

    def __init__(
        self,
        results: Optional[int] = None,
        seconds: Optional[float] = None,
        heartbeat_seconds: Optional[float] = None,
    ) -> None:
        """Begin with no label known; with neither `results` nor `seconds` any change counts."""
        self._results = 1 if results is None and seconds is None else results
        self._seconds = seconds
        self._heartbeat = heartbeat_seconds
        self._known: Optional[str] = None
        self._published = 0.0
        self._candidate: Optional[str] = None
        self._count = 0
        self._since = 0.0

    def due(self, label: str, now: float) -> bool:
        """Return True if `label`, which came at `now` (monotonic seconds), is to be published."""
        if label == self._known:
            return self._heartbeat is not None and now - self._published >= self._heartbeat
        count, since = self._run(label, now)
        if self._results is not None and count >= self._results:
            return True
        return self._seconds is not None and now - since >= self._seconds

    def note(self, label: str, now: float, published: bool) -> None:
        """Take note of `label`, and of whether it was published."""
        if published:
            self._known, self._published = label, now
        if label == self._known:
            self._candidate, self._count = None, 0
        else:
            count, since = self._run(label, now)
            self._candidate, self._count, self._since = label, count, since

    def _run(self, label: str, now: float) -> Tuple[int, float]:
        """Return (how often, since when) `label` has come in a row, this time included."""
        if label == self._candidate:
            return self._count + 1, self._since
        return 1, now


class Policy(NamedTuple):
    """What becomes of the labels of one source.

    Attributes:
        threshold: below which its label is "unknown"; None: that of all sources.
        retain: whether only the last label counts, as of a camera: the broker keeps it, and where
            there is no room for late ones, the oldest are dropped.
        changes: tells which labels are news; None: all are published.
        picture: whether its picture is published, one of `fields.PICTURES`.
    """

    threshold: Optional[Threshold] = None
    retain: bool = False
    changes: Optional[Changes] = None
    picture: str = NO_PICTURE


ALL = Policy()
"""Every label is published, and none retained."""
