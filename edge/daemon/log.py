"""The daemon's log: a line on stderr for each record, without passwords."""

import logging
import sys

from edge.masking import masked

LINE = "%(levelname)s %(name)s: %(message)s"


def begin() -> None:
    """Have everything that is logged from now on, by whatever library, written to stderr."""
    # the journal adds a time of its own
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Masking("%(asctime)s " + LINE if sys.stderr.isatty() else LINE))
    logging.getLogger().addHandler(handler)
    logging.getLogger("edge").setLevel(logging.INFO)


class _Masking(logging.Formatter):
    """Leaves the passwords out, of tracebacks too."""

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))
