"""Video files as phones and cameras write them, where PyAV reads them."""

import pathlib
import sys
from fractions import Fraction

import cv2
import numpy as np
import pytest

from edge.errors import PictureError
from edge.metrics import DAMAGED
from edge.prepare.preprocess import ROW, preprocess_into
from edge.sources.camera.scaler import Scaler
from tests.support.servers import wait_for

if sys.version_info < (3, 10):
    pytest.skip("PyAV needs Python 3.10 or later", allow_module_level=True)
import av

SIZE = (192, 256)


def scene(number):
    """Return an RGB picture, red at the top, which moves a little."""
    picture = np.full(SIZE + (3,), (20, 20, 200), np.uint8)
    picture[: SIZE[0] // 2] = (220, 30, 30)
    cv2.circle(picture, (40 + 4 * number % 200, 150), 12, (250, 250, 20), -1)
    return picture


def film(path, pictures, times=None, turned=0, fps=25, container=None):
    """Write an H.264 film; `times`: when each picture comes, in ticks of 1 / fps."""
    pictures = list(pictures)
    with av.open(str(path), "w", format=container) as output:
        stream = output.add_stream("libx264", rate=fps)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt, stream.options = "yuv420p", {"bf": "0", "g": "10"}
        if turned:
            stream.set_display_rotation(turned)
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = number if times is None else times[number]
            frame.time_base = Fraction(1, fps)
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return str(path)


def colour(image, y, x):
    return "rgb"[int(image[y, x].argmax())]


@pytest.mark.parametrize(
    ("turned", "top", "left", "shape"),
    [(0, "r", None, (192, 256)), (90, None, "r", (256, 192)), (-90, None, "b", (256, 192))],
)
def test_a_phone_s_film_is_the_same_way_up_with_either_library(
    tmp_path, watch, turned, top, left, shape
):
    path = film(tmp_path / "film.mp4", map(scene, range(20)), turned=turned)
    watched = watch(path, loop=True)
    watched.more(2)
    image = watched.frames[0].read()
    assert image.shape[:2] == shape
    opencv = cv2.VideoCapture(path, cv2.CAP_FFMPEG).read()[1][..., ::-1]
    assert opencv.shape == image.shape
    assert np.abs(opencv.astype(int) - image).mean() < 6
    height, width = shape
    assert top in (None, colour(image, 5, width // 2))
    assert left in (None, colour(image, height // 2, 5))


def test_a_raw_stream_without_times_is_played_at_its_pace(tmp_path, watch):
    path = film(tmp_path / "film.h264", map(scene, range(20)), container="h264")
    watched = watch(path, loop=True)
    watched.more(12)
    times = [frame.captured_at for frame in watched.frames]
    assert 0.25 < times[11] - times[0] < 5.0


@pytest.mark.parametrize("jump", [1000000, -5000])
def test_a_time_that_jumps_holds_nothing_up(tmp_path, watch, jump):
    times = list(range(6000, 6010)) + [6010 + jump + number for number in range(10)]
    pictures = list(map(scene, range(20)))
    path = str(tmp_path / "film.mkv")
    if jump > 0:
        film(path, pictures, times)
    else:
        first = film(tmp_path / "a.ts", pictures[:10], times[:10])
        second = film(tmp_path / "b.ts", pictures[10:], times[10:])
        path = str(tmp_path / "film.ts")
        with open(path, "wb") as output:
            for part in (first, second):
                with open(part, "rb") as file:
                    output.write(file.read())
    watched = watch(path)
    watched.more(16)


@pytest.mark.parametrize(("kind", "size"), [("ts", 600), ("mkv", 20), ("mkv", 3000), ("h264", 20)])
def test_a_damaged_part_of_a_film_is_left_out_and_the_rest_goes_on(tmp_path, watch, kind, size):
    chance = np.random.RandomState(0)
    noisy = [
        np.clip(scene(number) + chance.normal(0, 12, SIZE + (3,)), 0, 255).astype(np.uint8)
        for number in range(60)
    ]
    path = pathlib.Path(film(tmp_path / ("film." + kind), noisy))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + size] = np.random.RandomState(0).bytes(size)
    path.write_bytes(data)
    watched = watch(str(path))
    wait_for(watched.ended, "it has been played")
    assert 1 <= watched.count(DAMAGED) <= 5
    assert 50 <= len(watched.frames) <= 59


def test_a_film_whose_pictures_change_their_size_goes_on(tmp_path, watch):
    small = [cv2.resize(scene(number), (128, 96)) for number in range(10)]
    parts = [film(tmp_path / "a.ts", map(scene, range(10))), film(tmp_path / "b.ts", small)]
    path = tmp_path / "film.ts"
    path.write_bytes(b"".join(pathlib.Path(part).read_bytes() for part in parts))
    watched = watch(str(path), loop=True)
    wait_for(lambda: len({frame.read().shape for frame in list(watched.frames)}) == 2, "both sizes")


def test_a_region_is_one_of_the_picture_as_a_phone_was_held(tmp_path, watch):
    path = film(tmp_path / "film.mp4", map(scene, range(20)), turned=90)
    images = []
    for region in (None, (21, 35, 91, 133)):
        watched = watch(path, loop=True, roi=region)
        watched.more(1)
        images.append(watched.frames[0].read())
    assert np.array_equal(images[1], images[0][35 : 35 + 133, 21 : 21 + 91])


def test_a_picture_that_ffmpeg_cannot_convert_is_damaged_and_the_next_is_not():
    scaler = Scaler(av)
    for region in (None, (8, 8, 100, 100)):
        with pytest.raises(PictureError, match="cannot make RGB of gray32le"):
            scaler.rgb(av.VideoFrame(400, 300, "gray32le"), region)
    assert scaler.rgb(av.VideoFrame(400, 300, "gray"), (8, 8, 100, 90)).shape == (90, 100, 3)


def exactly_shrunk(path, region=None):
    """Return a film's first picture, or a part, in RGB by BT.601's matrix, in floats, shrunk."""
    frame = next(av.open(path).decode(video=0))
    luma, *chroma = (
        np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[:, : plane.width].astype(float)
        for plane in frame.planes
    )
    # H.264's colours stand at the left of their two pixels, and between two rows
    moved = np.float64([[2, 0, 0], [0, 2, 0.5]])
    blue, red = (
        cv2.warpAffine(one - 128, moved, luma.shape[::-1], borderMode=cv2.BORDER_REPLICATE) / 224
        for one in chroma
    )
    luma = (luma - 16) / 219
    rgb = [luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue]
    x, y, width, height = region or (0, 0, frame.width, frame.height)
    seen = 255 * np.stack(rgb, axis=-1)[y : y + height, x : x + width]
    shrinks = width > ROW[1] and height > ROW[0]
    return cv2.resize(seen, ROW[:2], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


@pytest.mark.parametrize(
    ("size", "region", "shape"),
    [
        ((1080, 1920), None, ROW),
        ((598, 800), None, ROW),
        ((300, 400), None, ROW),
        ((240, 320), None, (240, 320, 3)),
        ((1080, 1920), (302, 78, 802, 702), ROW),
        ((1080, 1920), (301, 77, 801, 701), (701, 801, 3)),
        ((1080, 1920), (700, 401, 211, 333), (333, 211, 3)),
        ((482, 642), (1, 1, 641, 481), (481, 641, 3)),
        ((480, 640), (0, 180, 320, 300), ROW),
    ],
)
def test_a_film_s_colours_are_those_of_its_pictures(tmp_path, watch, size, region, shape):
    chance = np.random.RandomState(0)
    noise = cv2.resize(chance.normal(128, 25, (size[0] // 8, size[1] // 8, 3)), size[::-1])
    picture = np.clip(noise, 40, 215).astype(np.uint8)  # no colour is beyond RGB's
    path = film(tmp_path / "film.mp4", [picture] * 3)
    watched = watch(path, loop=True, roi=region)
    watched.more(1)
    image = watched.frames[0].read()
    assert image.shape == shape
    row = np.empty(ROW, np.uint8)
    preprocess_into(image, row)
    off = row - exactly_shrunk(path, region)
    assert np.abs(off.mean(axis=(0, 1))).max() < 0.25, "neither darker nor lighter"
    assert np.abs(off).mean() < 0.6
    assert (np.abs(off) > 2.0).mean() < 0.03
