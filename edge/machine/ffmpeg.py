"""FFmpeg, where PyAV is installed: not on Python 3.6, nor on a Jetson."""

from typing import Any


def pyav() -> Any:
    """Return the module `av`, imported no sooner than now; None: it is not installed."""
    try:
        import av
    except ImportError:
        return None
    return av
