"""What is decoded, what is not, and the memory that it takes."""

import struct
import zlib

import cv2
import numpy as np
import pytest
import simplejpeg

from edge.errors import PictureError
from edge.prepare import headers
from edge.prepare.admission import Admission
from edge.prepare.decoder import checked, decode
from tests.support.formats import encode, with_exif

SCENE = cv2.resize(
    np.random.RandomState(0).randint(0, 255, (9, 12, 3)).astype(np.uint8), (320, 240)
)


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth=8, kind=2, rows=b"", transparent=b""):
    """Return a PNG of which nothing but what is given is there."""
    head = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    chunks = png_chunk(b"IHDR", head)
    if transparent:
        chunks += png_chunk(b"tRNS", transparent)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunks
        + png_chunk(b"IDAT", zlib.compress(rows))
        + png_chunk(b"IEND", b"")
    )


def jpeg(image=SCENE, **flags):
    numbers = [
        (getattr(cv2, "IMWRITE_JPEG_" + name.upper()), value) for name, value in flags.items()
    ]
    return cv2.imencode(".jpg", image, [part for pair in numbers for part in pair])[1].tobytes()


def jpeg_saying(width, height):
    data = bytearray(jpeg())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp", ".bmp", ".tiff"])
def test_a_header_tells_the_size_of_every_format(extension):
    header = headers.read(encode(SCENE, extension))
    assert (header.width, header.height) == (320, 240)


def test_a_webp_of_each_kind_tells_its_size():
    lossy = cv2.imencode(".webp", SCENE, [cv2.IMWRITE_WEBP_QUALITY, 50])[1].tobytes()
    lossless = cv2.imencode(".webp", SCENE, [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()
    clear = encode(np.dstack([SCENE, SCENE[..., 0]]), ".webp")
    assert {data[12:16] for data in (lossy, lossless, clear)} >= {b"VP8 ", b"VP8L"}
    for data in (lossy, lossless, clear):
        assert (headers.read(data).width, headers.read(data).height) == (320, 240)


@pytest.mark.parametrize(
    "data",
    [
        png(14000, 14000, kind=6),
        jpeg_saying(30000, 30000),
        b"BM" + struct.pack("<IIIIii", 0, 0, 54, 40, 20000, -20000) + b"\0" * 60,
        b"RIFF"
        + struct.pack("<I", 40)
        + b"WEBPVP8X"
        + b"\0" * 8
        + b"\xff\xff\xff" * 2
        + b"\0" * 20,
        b"II*\0\x08\0\0\0\x02\0" + struct.pack("<HHIIHHIII", 256, 4, 1, 99999, 257, 4, 1, 99999, 0),
    ],
    ids=["png", "jpeg", "bmp", "webp", "tiff"],
)
def test_a_picture_that_says_it_is_huge_is_refused_before_it_takes_memory(data):
    with pytest.raises(PictureError, match=r"pixels; at most 100 megapixels are decoded"):
        decode(data)


def test_the_limit_is_the_configurations():
    assert checked(jpeg(), max_megapixels=0.1).megapixels == pytest.approx(0.0768)
    with pytest.raises(PictureError, match=r"320x240 pixels; at most 0.05 megapixels"):
        checked(jpeg(), max_megapixels=0.05)


def test_a_deep_picture_is_refused_by_what_it_takes():
    with pytest.raises(PictureError, match=r"9900x9900 pixels and would take 1078 MB"):
        decode(png(9900, 9900, depth=16, kind=6))


@pytest.mark.parametrize("progressive", [0, 1])
def test_a_jpeg_that_is_cut_short_yet_ends_as_one_is_damaged(progressive):
    whole = jpeg(progressive=progressive)
    for part in (2, 3):
        with pytest.raises(PictureError, match="damaged"):
            decode(whole[: len(whole) * part // 4].rstrip(b"\xff") + b"\xff\xd9")


def test_a_jpeg_with_a_hole_is_damaged():
    whole = jpeg()
    third = len(whole) // 3
    with pytest.raises(PictureError, match="the JPEG is damaged"):
        decode(whole[:third].rstrip(b"\xff") + whole[2 * third :])


def test_a_jpeg_in_which_another_begins_is_damaged():
    whole = jpeg()
    half = len(whole) // 2
    with pytest.raises(PictureError, match="another one begins"):
        decode(whole[:half].rstrip(b"\xff") + whole)


def scans(data):
    return [at for at in range(len(data)) if data[at : at + 2] == b"\xff\xda"]


def test_a_progressive_jpeg_without_its_last_scans_is_damaged():
    whole = jpeg(progressive=1)
    places = scans(whole)
    assert decode(whole).shape == SCENE.shape
    for at in places[1:]:
        with pytest.raises(PictureError, match="scans are missing|have no scan"):
            decode(whole[:at] + b"\xff\xd9")


def test_a_whole_jpeg_with_what_libjpeg_only_warns_of_is_read():
    """Some phones' scan headers, some webcams' rests, a second picture behind the first."""
    whole = jpeg()
    phone, at = bytearray(whole), scans(whole)[0] + 2
    end = at + struct.unpack_from(">H", whole, at)[0]
    phone[end - 3 : end] = b"\0\0\0"
    webcam = whole[:-2] + b"\0" * 12 + whole[-2:]
    for data in (bytes(phone), webcam, whole + jpeg(), whole + b"\0" * 300):
        np.testing.assert_array_equal(decode(data), decode(whole))


def test_both_decoders_agree_to_the_bit():
    for data in (jpeg(), jpeg(progressive=1), jpeg(rst_interval=4), jpeg(SCENE[..., 0])):
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        np.testing.assert_array_equal(decode(data), image[..., ::-1])


@pytest.mark.parametrize(
    ("size", "scale"),
    [
        ((1080, 1920), 2),
        ((1196, 2000), 4),
        ((3000, 4000), 8),
        ((599, 601), 2),
        ((597, 3000), 1),
        ((240, 320), 1),
    ],
)
def test_a_jpeg_is_decoded_as_small_as_covers_a_row_by_either_decoder_to_the_bit(size, scale):
    data = jpeg(cv2.resize(SCENE, size[::-1]), quality=90)
    small = decode(data, covering=299)
    assert small.shape == (-(-size[0] // scale), -(-size[1] // scale), 3)
    flag = getattr(cv2, "IMREAD_REDUCED_COLOR_{}".format(scale) if scale > 1 else "IMREAD_COLOR")
    by_opencv = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    np.testing.assert_array_equal(small, by_opencv[..., ::-1])
    whole = cv2.resize(decode(data), (299, 299), interpolation=cv2.INTER_AREA)
    shrunk = cv2.resize(small, (299, 299), interpolation=cv2.INTER_AREA)
    assert np.abs(whole.astype(int) - shrunk).mean() < 1.0


def test_what_is_no_common_jpeg_is_decoded_in_full():
    large = cv2.resize(SCENE, (1300, 1200))
    assert decode(encode(large, ".png"), covering=299).shape == (1200, 1300, 3)
    printed = simplejpeg.encode_jpeg(np.dstack([large, large[..., 0]]), colorspace="CMYK")
    assert decode(printed, covering=299).shape == (1200, 1300, 3)


def test_a_jpeg_is_turned_and_refused_when_small_as_it_is_in_full():
    data = jpeg(cv2.resize(SCENE, (1600, 1200)))
    assert decode(with_exif(data, 6), covering=299).shape == (400, 300, 3)
    for covering in (None, 299):
        with pytest.raises(PictureError, match="damaged"):
            decode(data[: len(data) // 3].rstrip(b"\xff") + b"\xff\xd9", covering=covering)


def test_a_jpeg_of_a_printer_s_four_colours_is_read():
    white = np.full((40, 60, 4), 255, np.uint8)
    assert (decode(simplejpeg.encode_jpeg(white, colorspace="CMYK")) == 255).all()


def test_an_orientation_is_read_as_short_and_as_long():
    tall = decode(with_exif(jpeg(), 6))
    data = bytearray(with_exif(jpeg(), 6))
    at = bytes(data).index(struct.pack("<HHI", 0x0112, 3, 1))
    data[at : at + 12] = struct.pack("<HHII", 0x0112, 4, 1, 6)
    assert tall.shape == (320, 240, 3)
    np.testing.assert_array_equal(decode(bytes(data)), tall)


@pytest.mark.parametrize(
    ("depth", "kind", "transparent"),
    [(8, 0, (80,)), (16, 0, (80 * 257,)), (4, 0, (5,)), (8, 2, (80, 90, 100))],
    ids=["grey", "deep grey", "grey of 16 levels", "colour"],
)
def test_a_transparent_colour_is_white(depth, kind, transparent):
    if depth == 4:
        rows = b"\0" + b"\x55\x33" + b"\0" + b"\x33\x55"
        data = png(4, 2, 4, 0, rows, struct.pack(">H", 5))
        expected = [[255, 255, 51, 51], [51, 51, 255, 255]]
    else:
        form = ">{}{}".format(len(transparent), "H" if depth == 16 else "B")
        clear, other = (
            struct.pack(form, *transparent),
            struct.pack(form, *[t // 2 for t in transparent]),
        )
        rows = b"\0" + clear + other + b"\0" + other + clear
        data = png(
            2, 2, depth, kind, rows, struct.pack(">{}H".format(len(transparent)), *transparent)
        )
        expected = [[255, 40], [40, 255]]
    np.testing.assert_array_equal(decode(data)[..., 0], expected)


def test_strips_are_as_the_whole(monkeypatch):
    from edge.prepare import decoder

    chance = np.random.RandomState(1)
    for shape, dtype in (((50, 40), np.uint8), ((50, 40, 3), np.uint8), ((50, 40, 4), np.uint16)):
        data = encode(
            chance.randint(0, 256 if dtype == np.uint8 else 65536, shape).astype(dtype), ".png"
        )
        monkeypatch.setattr(decoder, "STRIP_BYTES", 4 << 20)
        whole = decode(data)
        monkeypatch.setattr(decoder, "STRIP_BYTES", 700)
        np.testing.assert_array_equal(decode(data), whole)


def test_what_does_not_fit_beside_others_waits_and_goes_alone():
    admission = Admission(room_bytes=300 * 200 * 3)
    small, large = (
        checked(encode(np.zeros(size + (3,), np.uint8), ".jpg"))
        for size in ((200, 200), (400, 400))
    )
    assert admission.enter(small, 0)
    assert not admission.enter(small, 0)
    assert not admission.enter(large, 0)
    admission.leave(small)
    assert admission.enter(large, 0), "alone, whatever it takes"
    admission.leave(large)
    assert admission.enter(small, 0)
