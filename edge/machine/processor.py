"""The processor and the installed libraries, as far as they decide how fast something is."""

import hashlib
import os
import platform
from importlib.util import find_spec
from typing import Dict, Sequence

_TELLING = ("model name", "flags", "Features", "CPU implementer", "CPU part")
"""The lines of /proc/cpuinfo that tell processors apart: of x86, and of ARM."""


def cores() -> int:
    """Return on how many cores this process may run."""
    return len(os.sched_getaffinity(0))


def processor(path: str = "/proc/cpuinfo") -> Dict[str, str]:
    """Return what tells this processor from others, a text each: its name, cores, instructions.

    Args:
        path: of what Linux says of it; where there is no such file, less is told.
    """
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = [line for line in file if line.startswith(_TELLING)]
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    told = hashlib.sha256("".join(sorted(set(lines))).encode("utf-8")).hexdigest()
    return {
        "processor": names[0] if names else platform.machine(),
        "instructions": told[:12],
        "cores": str(cores()),
    }


def installed(packages: Sequence[str]) -> Dict[str, str]:
    """Return what tells one installation of each package from another, without importing it.

    A package that is not installed is left out.
    """
    found = {}
    for package in packages:
        spec = find_spec(package)
        if spec is not None and spec.origin is not None:
            facts = os.stat(spec.origin)
            found[package] = "{} {} {:.0f}".format(spec.origin, facts.st_size, facts.st_mtime)
    return found
