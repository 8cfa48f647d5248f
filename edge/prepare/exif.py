"""The one fact of Exif that a label depends on: which way up a picture is."""

import struct

_TAG = 0x0112
"""Orientation: Exif 2.32, table 4."""

_KINDS = {3: "H", 4: "I"}
"""SHORT, as Exif says, and LONG, as some cameras write it."""


def orientation(tiff: bytes) -> int:
    """Return the orientation in a TIFF structure's first directory; 1 where there is none."""
    order = {b"II": "<", b"MM": ">"}.get(bytes(tiff[:2]))
    if order is None:
        return 1
    try:
        at = struct.unpack_from(order + "I", tiff, 4)[0]
        count = struct.unpack_from(order + "H", tiff, at)[0]
        for entry in range(at + 2, at + 2 + 12 * count, 12):
            tag, kind = struct.unpack_from(order + "HH", tiff, entry)
            if tag == _TAG and kind in _KINDS:
                value = struct.unpack_from(order + _KINDS[kind], tiff, entry + 8)[0]
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass  # a broken Exif block says nothing about the picture
    return 1
