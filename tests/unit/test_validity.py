"""Whether a picture is worth a label."""

import cv2
import numpy as np
import pytest

from edge.config.settings import ValiditySettings as Settings
from edge.prepare.preprocess import ROW, preprocess_into
from edge.prepare.validity import BLURRED, BRIGHT, DARK, FROZEN, LIVE, Validity
from tests.support import cameras


def row(image):
    """Return the row of an RGB picture."""
    out = np.empty(ROW, np.uint8)
    preprocess_into(np.ascontiguousarray(image), out)
    return out


@pytest.fixture(scope="module")
def scene():
    return [image[..., ::-1] for image in cameras.scene(40)]


def judged(rows, settings=None, seconds_apart=0.5):
    """Return the statuses of rows that come in turn."""
    validity = Validity(settings or Settings())
    return [validity.judge(each, 50.0 + n * seconds_apart) for n, each in enumerate(rows)]


def test_a_real_scene_is_live(scene):
    assert set(judged([row(image) for image in scene])) == {LIVE}


@pytest.mark.parametrize(
    ("spoil", "status"),
    [
        (lambda image: image // 12, DARK),
        (lambda image: 245 + image // 30, BRIGHT),
        (lambda image: cv2.GaussianBlur(image, (61, 61), 0), BLURRED),
    ],
)
def test_a_spoilt_scene_is_so_once_that_has_lasted_and_until_it_is_over(scene, spoil, status):
    rows = [row(image) for image in scene[:6]] + [row(spoil(image)) for image in scene[6:16]]
    rows += [row(image) for image in scene[16:26]]
    assert judged(rows) == [LIVE] * 10 + [status] * 10 + [LIVE] * 6


def test_one_dark_picture_is_no_dark_camera(scene):
    rows = [row(image) for image in scene[:10]]
    rows[5] = row(scene[5] // 20)
    assert set(judged(rows)) == {LIVE}


def test_the_same_picture_again_and_again_is_frozen_until_another_comes(scene):
    still, other = row(scene[0]), row(scene[1])
    statuses = judged([still] * 8 + [other], Settings(frozen_s=3))
    assert statuses == [LIVE] * 6 + [FROZEN] * 2 + [LIVE]


def test_a_still_scene_with_a_camera_s_noise_is_not_frozen(scene):
    noise = np.random.RandomState(0)
    rows = []
    for _ in range(20):
        noisy = np.clip(scene[0] + noise.normal(0, 1, scene[0].shape), 0, 255).astype(np.uint8)
        coded = cv2.imencode(".jpg", noisy)[1]
        rows.append(row(cv2.imdecode(coded, cv2.IMREAD_COLOR)))
    assert set(judged(rows, Settings(frozen_s=1))) == {LIVE}


def test_each_measure_can_be_turned_off(scene):
    off = Settings(frozen_s=0, dark=0, bright=255, blurred=0)
    for shade in (0, 128, 255):
        assert set(judged([row(np.full((20, 20, 3), shade, np.uint8))] * 20, off)) == {LIVE}


def test_the_reasons_are_for_the_person_on_duty():
    validity = Validity(Settings(dark=40))
    assert validity.reason(LIVE) is None
    assert validity.reason(DARK) == "its pictures are darker than 40 of 255"
    assert validity.reason(FROZEN) == "its pictures have not changed for 30 s"
