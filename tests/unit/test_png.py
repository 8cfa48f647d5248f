"""PNGs that ISA-L inflates: to the same pixels, and OpenCV judges what is out of the ordinary.

So it is with those whose filters FFmpeg undoes, where PyAV is installed.
"""

import struct
import tracemalloc
import zlib

import cv2
import numpy as np
import pytest

from edge.errors import PictureError
from edge.prepare import png, unfilter
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


@pytest.fixture
def alone(monkeypatch):
    """Return what decodes a PNG by OpenCV alone."""

    def decoded(data):
        with monkeypatch.context() as without:
            without.setattr(png, "isal_zlib", None)
            return decode(data)

    return decoded


@pytest.mark.parametrize("pieces", [1, 7])
@pytest.mark.parametrize("kind", list(KINDS))
def test_a_png_is_decoded_to_the_bit_as_opencv_alone_does(alone, kind, pieces):
    data = picture(*KINDS[kind], pieces=pieces)
    stored = b"".join(png.stored(data))
    assert len(stored) > len(rows(*KINDS[kind])), "inflated"
    np.testing.assert_array_equal(by_opencv(stored), by_opencv(data))
    np.testing.assert_array_equal(decode(data), alone(data))


@pytest.mark.parametrize("kind", ["grey", "colour", "colour, alpha"])
def test_the_filters_of_the_most_common_kinds_are_undone_by_ffmpeg(kind):
    pytest.importorskip("av", reason="PyAV is not installed: OpenCV undoes a PNG's filters")
    data = picture(*KINDS[kind])
    parts = png.stored(data)
    found, expected = unfilter.pixels(parts), by_opencv(data).reshape(HEIGHT, WIDTH, -1)
    swapped = expected[..., [2, 1, 0, 3][: expected.shape[2]]] if kind != "grey" else expected
    np.testing.assert_array_equal(found, swapped)
    assert not parts, "its pixels are in memory twice"


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"grey", "colour", "colour, alpha"}))
def test_the_filters_of_other_kinds_are_left_to_opencv(kind):
    parts = png.stored(picture(*KINDS[kind]))
    assert unfilter.pixels(parts) is None
    assert parts


EXTRAS = {
    "a transparent colour": chunk(b"tRNS", struct.pack(">3H", *SAMPLES[:3])),
    "an animation": chunk(b"acTL", struct.pack(">II", 1, 0)),
    "a gamma": chunk(b"gAMA", struct.pack(">I", 100000)),
    "a damaged colour profile": chunk(b"iCCP", b"name\0\0no zlib stream"),
    "a background": chunk(b"bKGD", struct.pack(">3H", 9, 9, 9)),
}


@pytest.mark.parametrize("extra", list(EXTRAS))
def test_what_else_a_png_says_changes_no_pixel(alone, extra):
    data = picture()
    at = data.index(b"IDAT") - 4
    data = data[:at] + EXTRAS[extra] + data[at:]
    found = decode(data)
    np.testing.assert_array_equal(found, alone(data))
    assert (found[0, 0] == 255).all() == (extra == "a transparent colour")


@pytest.mark.parametrize("name", [b"acTL", b"bKGD", b"fcTL", b"TEXt", b"none"])
def test_what_is_said_that_ffmpeg_may_take_otherwise_is_left_to_opencv(name):
    data = picture()
    for at in (data.index(b"IDAT") - 4, data.index(b"tEXt") - 4):
        assert unfilter.pixels(png.stored(data[:at] + chunk(name, bytes(26)) + data[at:])) is None


def test_what_ffmpeg_refuses_is_left_to_opencv(monkeypatch):
    av = pytest.importorskip("av", reason="PyAV is not installed: OpenCV undoes a PNG's filters")

    class Refusing:
        def decode(self, packet):
            raise av.FFmpegError(1, "refused")

    monkeypatch.setattr(unfilter, "_decoder", lambda av: Refusing())
    np.testing.assert_array_equal(decode(picture()), by_opencv(picture())[..., ::-1])


PIXELS = rows(8, 2)
DEFLATED = zlib.compress(PIXELS)


def with_a_flipped_bit(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def with_a_flipped_bit_in_a_chunk(data, number, at):
    """Flip a bit of what the chunk of that number holds; its checksum is of what it holds then."""
    parts, place, count = [data[:8]], 8, 0
    while place < len(data):
        length, name = struct.unpack_from(">I4s", data, place)
        body = data[place + 8 : place + 8 + length]
        if count == number and body:
            body = with_a_flipped_bit(body, at % length)
        parts.append(chunk(name, body))
        place, count = place + 12 + length, count + 1
    return b"".join(parts)


@pytest.mark.parametrize(
    "data",
    [
        picture(interlaced=1),
        with_a_flipped_bit_in_a_chunk(picture(), 0, 10),
        with_a_flipped_bit_in_a_chunk(picture(), 0, 11),
        with_a_flipped_bit(picture(), 31),
        picture(pixels=b"\5" + PIXELS[1:]),
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
        "another way to compress",
        "another way to filter",
        "a damaged checksum of the header",
        "a filter that there is not",
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
    assert png.stored(data) is None


def answer(decoding, data):
    try:
        return decoding(data).tolist()
    except PictureError as error:
        return str(error)


@pytest.mark.parametrize("kind", ["grey", "colour", "colour, alpha"])
def test_a_flipped_bit_is_answered_as_by_opencv_alone(alone, kind):
    whole = picture(*KINDS[kind], pieces=3)
    places = [*range(8, 60), *range(60, len(whole), len(whole) // 60), *range(-40, 0)]
    damaged = [with_a_flipped_bit(whole, at % len(whole)) for at in places]
    damaged += [with_a_flipped_bit_in_a_chunk(whole, 0, at) for at in range(13)]
    damaged += [with_a_flipped_bit_in_a_chunk(whole, number, 99) for number in range(1, 6)]
    answers = [answer(decode, data) for data in damaged]
    assert answers == [answer(alone, data) for data in damaged]
    assert sum(isinstance(each, str) for each in answers) > len(damaged) // 2


def test_a_small_picture_that_would_inflate_to_much_takes_no_memory():
    data = picture(deflated=zlib.compress(bytes(100_000_000)))
    tracemalloc.start()
    try:
        assert png.stored(data) is None
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_a_large_picture_has_no_second_copy_of_its_pixels(monkeypatch):
    monkeypatch.setattr(png, "MOST_BYTES", len(PIXELS) - 1)
    assert png.stored(picture()) is None


def test_a_damaged_png_is_refused_whoever_inflates_it():
    with pytest.raises(PictureError, match="decoder refused it"):
        decode(picture(deflated=b"no zlib stream"))
