"""HEIC, as phones write it, where pillow-heif is installed: `pip install 'labeld[heic]'`."""

import importlib.util
from typing import Any, Callable

import numpy as np

from edge.errors import PictureError
from edge.prepare.header import Header

BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1")
"""What such a file is made for (ISO/IEC 23008-12, 10.2)."""

MARK_BYTES = 12

EXTENSIONS = (".heic", ".heif")

_LIBRARY = "pillow_heif"

_NOT_READ = (
    "HEIC is read where pillow-heif is installed: install it, or convert the picture to JPEG"
)


def is_read() -> bool:
    """Return True if this machine can read such files."""
    return importlib.util.find_spec(_LIBRARY) is not None


def matches(data: bytes) -> bool:
    """Return True if a file that begins so is one; MARK_BYTES tell."""
    return data[4:8] == b"ftyp" and data[8:12] in BRANDS


def read(data: bytes) -> Header:
    """Return the Header of such a file; raises PictureError."""
    width, height = _opened(data).size
    # the planes of luma and colour, what they become, and the array, with alpha
    return Header("HEIC", width, height, 9)


def decode(data: bytes) -> np.ndarray:
    """Return uint8[height, width, 3 or 4], BGR or BGRA, upright; raises PictureError."""
    return _tried(lambda: np.array(_opened(data)))


def _opened(data: bytes) -> Any:
    try:
        import pillow_heif
    except ImportError:
        raise PictureError(_NOT_READ)
    return _tried(lambda: pillow_heif.open_heif(data, bgr_mode=True))


def _tried(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except (ValueError, RuntimeError, OSError, EOFError, SyntaxError) as error:
        raise PictureError("the HEIC is damaged: {}".format(error))
