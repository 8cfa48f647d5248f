"""Where what comes out of the pipeline goes."""

from edge.classify.bundle import Bundle
from edge.classify.outputs import Scored
from edge.frame import Frame, Prepared


class Sink:
    """Takes scores, and frames that get none.

    Each method is called by the pipeline's own threads, several at a time; may wait for room for
    STEP_SECONDS; and returns False while there is none, to be called again with the same. What it
    raises ends the stage, and so the process.
    """

    def labelled(self, prepared: Prepared, scored: Scored, bundle: Bundle) -> bool:
        """Take what a bundle's graph said of a frame."""
        raise NotImplementedError

    def unchanged(self, frame: Frame) -> bool:
        """Take a frame that is to have no label, for its source's picture has not changed."""
        raise NotImplementedError

    def failed(self, frame: Frame, identity: str, reason: str) -> bool:
        """Take a frame that could not be classified, with its event's id."""
        raise NotImplementedError

    def gone(self, frame: Frame) -> bool:
        """Take a frame whose file had gone before it was read."""
        raise NotImplementedError
