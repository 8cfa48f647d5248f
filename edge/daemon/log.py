"""The daemon's log: a line on stderr for each record, without passwords."""

import json
import logging
import os
import sys
import time
from typing import Any, Mapping

from edge import text
from edge.daemon.sparing import SparingHandler
from edge.masking import masked

KINDS = TEXT, JSON = ("text", "json")
"""How a line is written."""

LINE = "%(levelname)s %(name)s: %(message)s"

_PRIORITIES = (
    (logging.CRITICAL, 2),
    (logging.ERROR, 3),
    (logging.WARNING, 4),
    (logging.INFO, 6),
    (logging.NOTSET, 7),
)
"""Of syslog (RFC 5424, 6.2.1), each from a level on."""


def begin(kind: str, environment: Mapping[str, str]) -> None:
    """Have everything that is logged from now on, by whatever library, written to stderr.

    Args:
        kind: one of KINDS.
        environment: the process environment, which says whether stderr is systemd's journal.
    """
    handler = SparingHandler(sys.stderr)
    if kind == JSON:
        formatter: logging.Formatter = _Json()
    elif _is_journal(environment):
        formatter = _Journal(LINE)  # which adds a time of its own
    else:
        formatter = _Plain("%(asctime)s " + LINE if sys.stderr.isatty() else LINE)
    handler.setFormatter(formatter)
    logging.getLogger().addHandler(handler)
    logging.getLogger("edge").setLevel(logging.INFO)


class _Plain(logging.Formatter):
    """Leaves the passwords out, of tracebacks too; a name in it can end no line."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        record.message = text.one_line(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802  # logging's name
        """Return a traceback, each line indented: none can be taken for a record."""
        lines = super().formatException(ei).split("\n")
        return "\n".join("  " + text.one_line(line) for line in lines)

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # what another formatter has made of it
        return masked(super().format(record))


class _Journal(_Plain):
    """Begins each line with its priority, as sd-daemon(3) has it."""

    def format(self, record: logging.LogRecord) -> str:
        mark = "<{}>".format(_priority(record.levelno))
        return "\n".join(mark + line for line in super().format(record).split("\n"))


class _Json(logging.Formatter):
    """Writes an object a line."""

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "time": "{}.{:03.0f}Z".format(
                time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)),
                min(record.msecs, 999),
            ),
            "level": record.levelname,
            "priority": _priority(record.levelno),
            "logger": record.name,
            "thread": record.threadName,
            "message": masked(record.getMessage()),
        }
        if record.exc_info:
            said["exception"] = masked(self.formatException(record.exc_info))
        return json.dumps(said)


def _priority(level: int) -> int:
    return next(priority for least, priority in _PRIORITIES if level >= least)


def _is_journal(environment: Mapping[str, str]) -> bool:
    """Return True if stderr is the stream that JOURNAL_STREAM names (systemd.exec(5))."""
    try:
        facts = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return environment.get("JOURNAL_STREAM") == "{}:{}".format(facts.st_dev, facts.st_ino)
