"""What a picture file becomes before the graph sees it."""

import cv2
import numpy as np
import pytest

from edge.errors import PictureError
from edge.prepare.decoder import decode
from edge.prepare.preprocess import (
    BY_AREA,
    FORMER,
    ROW,
    SIZE,
    SPEC,
    load,
    load_into,
    preprocess_into,
)
from tests.support.formats import encode as encode_array
from tests.support.formats import with_exif
from tests.support.tiny import encode

CORNERS = np.zeros((40, 80, 3), np.uint8)
CORNERS[:20, :40] = (255, 0, 0)
CORNERS[:20, 40:] = (0, 255, 0)
CORNERS[20:, :40] = (0, 0, 255)
"""RGB: red, green over blue, black, in blocks that survive JPEG."""

NAMED = {"by halves": SPEC, "by area": BY_AREA, "JPEGs in full": FORMER}


def corners(image):
    """Return the colours of the four corners, as letters, in reading order."""
    height, width = image.shape[:2]
    spots = [image[y, x] for y in (5, height - 6) for x in (5, width - 6)]
    return "".join("rgb"[int(spot.argmax())] if spot.max() > 128 else "k" for spot in spots)


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp", ".bmp", ".tiff"])
def test_every_format_becomes_rgb(extension):
    image = decode(encode(CORNERS, extension))
    assert (image.dtype, image.shape) == (np.uint8, (40, 80, 3))
    assert corners(image) == "rgbk"


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("orientation", "upright"),
    list(enumerate(["rgbk", "grkb", "kbgr", "bkrg", "rbgk", "brkg", "kgbr", "gkrb"], 1)),
)
def test_exif_orientation_is_obeyed_once(orientation, upright, order):
    image = decode(with_exif(encode(CORNERS), orientation, order))
    assert corners(image) == upright
    assert image.shape == ((40, 80, 3) if orientation < 5 else (80, 40, 3))


def test_grey_alpha_and_16_bits_become_8_bit_rgb():
    grey = np.full((30, 30), 128, np.uint8)
    assert (decode(encode_array(grey, ".png")) == 128).all()

    clear = np.zeros((30, 30, 4), np.uint8)
    assert (decode(encode_array(clear, ".png")) == 255).all(), "what is transparent is white"

    deep = np.full((30, 30, 3), 65535, np.uint16)
    deep[:15] = 257 * 100
    image = decode(encode_array(deep, ".png"))
    assert (image[:15] == 100).all()
    assert (image[15:] == 255).all()


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp", ".bmp"])
def test_a_picture_cut_short_is_refused_with_its_reason(extension):
    data = encode(CORNERS, extension)
    with pytest.raises(PictureError, match="cut short"):
        decode(data[: len(data) * 2 // 3])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"hello, world", "begins with b'hello, w'"),
        (b"\0\0\0\x18ftypavif" + b"\0" * 40, "AVIF is not read: convert the picture to JPEG"),
        (b"\xff\xd8\xff\xd9", "does not say its size"),
        (b"\xff\xd8\xff\xe0", "cut short"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\0IEND\0\0\0\0", "does not begin with its size"),
    ],
)
def test_what_is_no_picture_is_refused_with_its_reason(data, reason):
    with pytest.raises(PictureError, match=reason):
        decode(data)


@pytest.mark.parametrize("size", [(1, 1), (299, 299), (1080, 1920), (100, 900), (2000, 3)])
def test_a_picture_of_any_size_fills_its_row_in_place_and_no_other(size):
    rows = np.full((3,) + ROW, 7, np.uint8)
    preprocess_into(np.full(size + (3,), 200, np.uint8), rows[1])
    assert (rows[1] == 200).all()
    assert (rows[[0, 2]] == 7).all()


def test_shrinking_averages_instead_of_picking_pixels():
    stripes = np.zeros((SIZE * 4, SIZE * 4, 3), np.uint8)
    stripes[:, ::2] = 255
    row = np.empty(ROW, np.uint8)
    load_into(encode(stripes, ".png"), row)
    assert np.abs(row.astype(int) - 128).max() <= 1


def test_what_a_bundle_says_of_jpegs_and_of_shrinking_is_done():
    chance = np.random.RandomState(0)
    picture = cv2.resize(chance.randint(0, 256, (135, 240, 3), np.uint8), (1920, 1080))
    exact = cv2.resize(picture.astype(float), ROW[:2], interpolation=cv2.INTER_AREA)
    jpeg, png = (
        {name: load(encode(picture, extension), spec) for name, spec in NAMED.items()}
        for extension in (".jpg", ".png")
    )
    assert (png["by area"] == png["JPEGs in full"]).all()
    assert (png["by area"] != png["by halves"]).any()
    assert (jpeg["by area"] == jpeg["by halves"]).all(), "it is decoded as small as that"
    assert (jpeg["by area"] != jpeg["JPEGs in full"]).any()
    for row in (*jpeg.values(), *png.values()):
        assert np.abs(row - exact).mean() < 2
