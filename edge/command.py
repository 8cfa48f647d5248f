"""How both commands end: the exit code, and the error for the person who typed them."""

import argparse
import sys
from typing import Optional, Sequence

from edge import text
from edge.errors import LabeldError
from edge.masking import masked

CONFIG = "/etc/labeld/labeld.yaml"
"""The configuration that counts where none is named."""

INTERRUPTED = 128 + 2
"""What a shell reports of a program that Ctrl-C (SIGINT, 2) has ended."""


def run(parser: argparse.ArgumentParser, arguments: Optional[Sequence[str]] = None) -> int:
    """Parse `arguments` (None: the process's) and run their `command`; return the exit code."""
    options = parser.parse_args(arguments)
    try:
        return int(options.command(options))
    except LabeldError as error:
        for line in masked(str(error)).split("\n"):
            print(text.one_line(line), file=sys.stderr)
        return int(error.exit_code)
    except KeyboardInterrupt:
        return INTERRUPTED
