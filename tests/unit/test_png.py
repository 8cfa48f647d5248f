"""PNGs that ISA-L inflates: to the same pixels, and OpenCV judges what is out of the ordinary."""

import struct
import tracemalloc
import zlib

import cv2
import numpy as np
import pytest

from edge.errors import PictureError
from edge.prepare import png
from edge.prepare.decoder import decode

pytest.importorskip("isal", reason="isal is not installed: OpenCV inflates PNGs")

SAMPLES = np.random.RandomState(3).bytes(400_000)
KINDS = {
    "1-bit grey": (1, 0),
    "grey": (8, 0),
    "deep grey": (16, 0),
    "colour": (8, 2),
    "deep colour": (16, 2),
    "palette": (8, 3),
    "grey, alpha": (8, 4),
    "colour, alpha": (8, 6),
    "deep colour, alpha": (16, 6),
}
WIDTH, HEIGHT = 211, 157


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def rows(depth, kind):
    """Return filtered rows: each filter type in turn, over any bytes."""
    length = png.raw_bytes(WIDTH, 1, depth, kind) - 1
    return b"".join(
        bytes([number % 5]) + SAMPLES[number * length : (number + 1) * length]
        for number in range(HEIGHT)
    )


def picture(depth=8, kind=2, pixels=None, deflated=None, pieces=1, interlaced=0):
    if deflated is None:
        deflated = zlib.compress(rows(depth, kind) if pixels is None else pixels)
    step = -(-len(deflated) // pieces)
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, kind, 0, 0, interlaced)
    return b"".join(
        [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", head)]
        + ([chunk(b"PLTE", SAMPLES[:768])] if kind == 3 else [])
        + [chunk(b"IDAT", deflated[at : at + step]) for at in range(0, len(deflated), step)]
        + [chunk(b"tEXt", b"Comment\0last"), chunk(b"IEND", b"")]
    )


def by_opencv(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.mark.parametrize("pieces", [1, 7])
@pytest.mark.parametrize("kind", list(KINDS))
def test_a_png_is_decoded_to_the_bit_as_opencv_alone_does(monkeypatch, kind, pieces):
    data = picture(*KINDS[kind], pieces=pieces)
    stored = png.stored(data)
    assert len(stored) > len(rows(*KINDS[kind])), "inflated"
    np.testing.assert_array_equal(by_opencv(stored), by_opencv(data))
    found = decode(data)
    monkeypatch.setattr(png, "isal_zlib", None)
    np.testing.assert_array_equal(found, decode(data))


PIXELS = rows(8, 2)
DEFLATED = zlib.compress(PIXELS)


def with_a_flipped_bit(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize(
    "data",
    [
        picture(interlaced=1),
        with_a_flipped_bit(picture(), 5000),
        with_a_flipped_bit(picture(), picture().index(b"tEXt") - 7),
        picture(deflated=with_a_flipped_bit(DEFLATED, len(DEFLATED) - 1)),
        picture(deflated=DEFLATED[:-3]),
        picture(deflated=DEFLATED[:-3000]),
        picture(deflated=DEFLATED + b"more"),
        picture(pixels=PIXELS[:-1]),
        picture(pixels=PIXELS + b"\0"),
        picture(deflated=b"no zlib stream"),
        picture()[:3000],
        picture()[: picture().index(b"IDAT") - 4],
    ],
    ids=[
        "interlaced",
        "a damaged chunk",
        "a damaged checksum of a chunk",
        "a damaged checksum of the stream",
        "a stream without its checksum",
        "a stream cut short",
        "more after the stream",
        "too few pixels",
        "too many pixels",
        "no stream",
        "a file cut short",
        "no pixels",
    ],
)
def test_what_is_out_of_the_ordinary_goes_to_opencv_as_it_is(data):
    assert png.stored(data) is data


def test_a_small_picture_that_would_inflate_to_much_takes_no_memory():
    data = picture(deflated=zlib.compress(bytes(100_000_000)))
    tracemalloc.start()
    try:
        assert png.stored(data) is data
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_a_large_picture_has_no_second_copy_of_its_pixels(monkeypatch):
    monkeypatch.setattr(png, "MOST_BYTES", len(PIXELS) - 1)
    data = picture()
    assert png.stored(data) is data


def test_a_damaged_png_is_refused_whoever_inflates_it():
    with pytest.raises(PictureError, match="decoder refused it"):
        decode(picture(deflated=b"no zlib stream"))
