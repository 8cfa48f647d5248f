"""Picture files before decoding: which format, how large, complete or cut short, which way up.

Decoders take half a picture without complaint, and memory for whatever size it claims; OpenCV's
releases differ in which formats' orientation they obey. All of that would let training and serving
disagree, or end the process, so labeld reads these facts itself.
"""

import struct

from edge.errors import PictureError
from edge.prepare import exif, heic, jpeg, png
from edge.prepare.header import Header

FORMATS = "JPEG, PNG, WebP, BMP or TIFF"

_GREY, _COLOUR, _PALETTE = 0, 2, 3
"""PNG's colour types without alpha."""


def read(data: bytes) -> Header:
    """Return the Header of a picture file.

    Raises:
        PictureError: `data` is empty, in another format, cut short or otherwise damaged.
    """
    if not data:
        raise PictureError("the file is empty")
    for magic, reader in _READERS:
        if data.startswith(magic) and (magic != b"RIFF" or data[8:12] == b"WEBP"):
            header = reader(data)
            if header.width < 1 or header.height < 1:
                raise PictureError("it says its size is {0.width}x{0.height}".format(header))
            return header
    if heic.matches(data):
        return heic.read(data)
    if data[4:8] == b"ftyp" and data[8:12] == b"avif":
        raise PictureError("AVIF is not read: convert the picture to JPEG")
    raise PictureError("not {}: the file begins with {!r}".format(FORMATS, bytes(data[:8])))


def _png(data: bytes) -> Header:
    header, orientation, transparent = None, 1, b""
    for name, at, length in png.chunks(data):
        content = slice(at, at + min(length, 65536))
        if header is None:
            if name != b"IHDR" or length < 13 or len(data) < at + 13:
                raise PictureError("the PNG is damaged: it does not begin with its size")
            header = struct.unpack_from(">IIBB", data, at)
        elif name == b"IEND":
            return _png_header(header, orientation, transparent)
        elif name == b"eXIf":
            orientation = exif.orientation(data[content])
        elif name == b"tRNS":
            transparent = data[content]
    raise PictureError("the PNG is cut short: its IEND chunk is missing")


def _png_header(facts: tuple, orientation: int, transparent: bytes) -> Header:
    width, height, depth, kind = facts
    channels = {_GREY: 1, _COLOUR: 3}.get(kind, 4) + (kind == _COLOUR and bool(transparent))
    colour = None
    if kind in (_GREY, _COLOUR) and len(transparent) >= 2 * (1 if kind == _GREY else 3):
        colour = struct.unpack_from(">H" if kind == _GREY else ">3H", transparent)
    size = 2 if depth == 16 else 1
    decoded = 0 if (channels, size) == (3, 1) else channels * size
    if png.raw_bytes(width, height, depth, kind) <= png.MOST_BYTES:
        decoded += channels * size
    return Header("PNG", width, height, decoded, orientation, colour, (1 << depth) - 1)


def _webp(data: bytes) -> Header:
    if len(data) < 30 or len(data) < 8 + struct.unpack_from("<I", data, 4)[0]:
        raise PictureError("the WebP is cut short: {} bytes are there".format(len(data)))
    orientation, at = 1, 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        if kind == b"EXIF":
            block = data[at + 8 : at + 8 + length]
            orientation = exif.orientation(block[6:] if block.startswith(b"Exif\0\0") else block)
        at += 8 + length + length % 2
    width, height = _webp_size(data)
    # BGRA, and the ARGB that a lossless one is decoded by
    return Header("WebP", width, height, 8, orientation)


def _webp_size(data: bytes) -> tuple:
    """Return (width, height): RFC 9649, 2.5 and 2.7, and RFC 6386, 9.1."""
    kind, body = data[12:16], data[20:]
    if kind == b"VP8X":
        return tuple(1 + int.from_bytes(body[at : at + 3], "little") for at in (4, 7))
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return tuple(size & 0x3FFF for size in struct.unpack_from("<HH", body, 6))


def _bmp(data: bytes) -> Header:
    """Compare the file with the size that its header claims (some writers leave it 0)."""
    if len(data) < 26 or len(data) < struct.unpack_from("<I", data, 2)[0]:
        raise PictureError("the BMP is cut short: {} bytes are there".format(len(data)))
    old = struct.unpack_from("<I", data, 14)[0] == 12
    width, height = struct.unpack_from("<HH" if old else "<ii", data, 18)
    return Header("BMP", width, abs(height), 4)


def _tiff(data: bytes) -> Header:
    """Read the first directory's size; OpenCV turns a TIFF upright by itself."""
    order = "<" if data[:2] == b"II" else ">"
    try:
        at = struct.unpack_from(order + "I", data, 4)[0]
        facts = {256: 0, 257: 0, 258: 8, 277: 1}  # TIFF 6.0: width, length, bits, samples
        for entry in range(at + 2, at + 2 + 12 * struct.unpack_from(order + "H", data, at)[0], 12):
            tag, kind, count = struct.unpack_from(order + "HHI", data, entry)
            if tag in facts and kind in (3, 4):
                place = entry + 8
                if count * (2 if kind == 3 else 4) > 4:
                    place = struct.unpack_from(order + "I", data, place)[0]
                facts[tag] = struct.unpack_from(order + ("H" if kind == 3 else "I"), data, place)[0]
    except struct.error:
        raise PictureError("the TIFF is cut short: {} bytes are there".format(len(data)))
    size = max(1, facts[258] // 8)
    # what it is stored as, and the four samples that libtiff may make of it
    return Header("TIFF", facts[256], facts[257], max(facts[277], 4) * size + 4)


_READERS = (
    (b"\xff\xd8\xff", jpeg.read),
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"RIFF", _webp),
    (b"BM", _bmp),
    (b"II*\0", _tiff),
    (b"MM\0*", _tiff),
)
