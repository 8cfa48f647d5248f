"""The processor and the installed libraries, as far as they decide how fast something is."""

import hashlib
import os
import platform
from importlib.util import find_spec
from typing import Dict, List, Sequence, Set

_TELLING = ("model name", "flags", "Features", "CPU implementer", "CPU part")
"""The lines of /proc/cpuinfo that tell processors apart: of x86, and of ARM."""

_FLAGS = ("flags", "Features")
"""Of these, those that list instructions."""


def cores() -> int:
    """Return on how many cores this process may run."""
    return len(os.sched_getaffinity(0))


def processor(path: str = "/proc/cpuinfo") -> Dict[str, str]:
    """Return what tells this processor from others, a text each: its name, cores, instructions.

    Args:
        path: of what Linux says of it; where there is no such file, less is told.
    """
    lines = [line for line in _lines(path) if line.startswith(_TELLING)]
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    told = hashlib.sha256("".join(sorted(set(lines))).encode("utf-8")).hexdigest()
    return {
        "processor": names[0] if names else platform.machine(),
        "instructions": told[:12],
        "cores": str(cores()),
    }


def instructions(path: str = "/proc/cpuinfo") -> Set[str]:
    """Return the names of the sets of instructions that this processor has, as Linux calls them.

    Args:
        path: see `processor`; where there is no such file, none is told.
    """
    told = (line.partition(":") for line in _lines(path))
    return {one for name, _, flags in told if name.strip() in _FLAGS for one in flags.split()}


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


def _lines(path: str) -> List[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return list(file)
    except OSError:
        return []
