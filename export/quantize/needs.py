"""What has to be installed for graphs in 8 bits."""

from typing import List

from edge.machine.processor import installed

PACKAGES = ("openvino", "nncf")

CHOICES = AUTO, NEVER = ("auto", "never")
"""Of `--int8`: to use them where they are installed, or not."""


def missing() -> List[str]:
    """Return those of PACKAGES that are not installed."""
    found = installed(PACKAGES)
    return [package for package in PACKAGES if package not in found]
