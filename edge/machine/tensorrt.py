"""TensorRT's version, and whether its libraries can be loaded; imports nothing of it."""

import ctypes
from typing import List, Optional, Sequence

Version = Sequence[int]
"""Numbers, the greatest first: major, minor, patch."""


def missing_libraries(version: Version) -> List[str]:
    """Return the names of TensorRT's libraries of a version that the loader does not find."""
    names = ("libnvinfer.so.{}".format(version[0]), "libnvinfer_plugin.so.{}".format(version[0]))
    return [name for name in names if not _can_be_loaded(name)]


def dotted(numbers: Optional[Version]) -> Optional[str]:
    """Return a version as people write it."""
    return None if numbers is None else ".".join(str(number) for number in numbers)


def _can_be_loaded(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
