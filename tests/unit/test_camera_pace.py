"""Which of a camera's pictures are taken, and what part of them."""

import numpy as np

from edge.sources.camera.pace import Schedule
from edge.sources.camera.view import turned


def test_a_turn_is_clockwise():
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    assert turned(image, 0) is image
    assert turned(image, 90)[0, 1].tolist() == image[0, 0].tolist()
    assert turned(image, 180)[1, 1].tolist() == image[0, 0].tolist()
    assert turned(image, 270)[1, 0].tolist() == image[0, 0].tolist()


def test_the_rate_is_kept_on_average_whatever_the_camera_s():
    for camera_fps, fps, expected in ((25, 10, 100), (30, 2, 20), (10, 10, 100), (5, 10, 50)):
        schedule = Schedule(fps)
        jitter = np.random.RandomState(0).uniform(-0.2, 0.2, 10 * camera_fps)
        moments = (np.arange(10 * camera_fps) + jitter) / camera_fps
        taken = sum(schedule.due(moment) for moment in moments)
        assert abs(taken - expected) <= 2, (camera_fps, fps)


def test_a_camera_that_was_silent_is_not_made_up_for():
    schedule = Schedule(2)
    assert schedule.due(0.0)
    taken = [n for n in range(20) if schedule.due(10 + n / 10)]
    assert len(taken) == 4 or taken == [0, 3, 8, 13, 18]
