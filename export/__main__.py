"""The `labeld-export` command."""

import argparse
import sys

from edge import __version__


def main(arguments=None):
    """Run the command; return its exit code."""
    _parser().parse_args(arguments)
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="labeld-export", description="Trains a model bundle on labelled photographs."
    )
    parser.add_argument("--version", action="version", version="labeld-export " + __version__)
    return parser


if __name__ == "__main__":
    sys.exit(main())
