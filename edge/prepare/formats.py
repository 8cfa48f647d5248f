"""Picture files before decoding: which format, complete or cut short, which way up.

OpenCV decodes half a JPEG without complaint, and its releases differ in which formats' orientation
they obey; both would let training and serving disagree, so labeld reads these facts itself.
"""

import struct

from edge.errors import PictureError

FORMATS = "JPEG, PNG, WebP, BMP or TIFF"

_ORIENTATION_TAG = 0x0112  # Exif 2.32, table 4
_SHORT = 3
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif")


def orientation(data: bytes) -> int:
    """Return the Exif orientation (1 to 8) that is left to obey once OpenCV has decoded `data`.

    Raises:
        PictureError: `data` is empty, in another format, or cut short.
    """
    if not data:
        raise PictureError("the file is empty")
    for magic, read in _READERS:
        if data.startswith(magic) and (magic != b"RIFF" or data[8:12] == b"WEBP"):
            return read(data)
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        raise PictureError("HEIC and AVIF are not read: convert the picture to JPEG")
    raise PictureError("not {}: the file begins with {!r}".format(FORMATS, bytes(data[:8])))


def _jpeg(data: bytes) -> int:
    """Walk the segments up to the scan, then look for the end-of-image marker behind it."""
    found, at = 1, 2
    while data[at : at + 1] == b"\xff":
        marker = data[at + 1 : at + 2]
        if marker == b"\xff":
            at += 1
            continue
        if len(data) < at + 4:
            break
        length = struct.unpack_from(">H", data, at + 2)[0]
        if marker == b"\xda":
            if data.find(b"\xff\xd9", at) < 0:
                break
            return found
        if marker == b"\xe1" and data[at + 4 : at + 10] == b"Exif\0\0":
            found = _exif(data[at + 10 : at + 2 + length])
        at += 2 + length
    raise PictureError("the JPEG is cut short: its end-of-image marker is missing")


def _png(data: bytes) -> int:
    found, at = 1, 8
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IEND":
            return found
        if kind == b"eXIf":
            found = _exif(data[at + 8 : at + 8 + length])
        at += 12 + length
    raise PictureError("the PNG is cut short: its IEND chunk is missing")


def _webp(data: bytes) -> int:
    if len(data) < 20 or len(data) < 8 + struct.unpack_from("<I", data, 4)[0]:
        raise PictureError("the WebP is cut short: {} bytes are there".format(len(data)))
    at = 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        if kind == b"EXIF":
            exif = data[at + 8 : at + 8 + length]
            return _exif(exif[6:] if exif.startswith(b"Exif\0\0") else exif)
        at += 8 + length + length % 2
    return 1


def _bmp(data: bytes) -> int:
    """Compare the file with the size that its header claims (some writers leave it 0)."""
    if len(data) < 26 or len(data) < struct.unpack_from("<I", data, 2)[0]:
        raise PictureError("the BMP is cut short: {} bytes are there".format(len(data)))
    return 1


def _tiff(_: bytes) -> int:
    """OpenCV turns a TIFF upright by itself, whatever its flags: nothing is left to do."""
    return 1


def _exif(tiff: bytes) -> int:
    """Return the orientation in a TIFF structure's first directory; 1 where there is none."""
    order = {b"II": "<", b"MM": ">"}.get(bytes(tiff[:2]))
    if order is None:
        return 1
    try:
        at = struct.unpack_from(order + "I", tiff, 4)[0]
        count = struct.unpack_from(order + "H", tiff, at)[0]
        for entry in range(at + 2, at + 2 + 12 * count, 12):
            tag, kind = struct.unpack_from(order + "HH", tiff, entry)
            if tag == _ORIENTATION_TAG and kind == _SHORT:
                value = struct.unpack_from(order + "H", tiff, entry + 8)[0]
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass  # a broken Exif block says nothing about the picture
    return 1


_READERS = (
    (b"\xff\xd8\xff", _jpeg),
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"RIFF", _webp),
    (b"BM", _bmp),
    (b"II*\0", _tiff),
    (b"MM\0*", _tiff),
)
