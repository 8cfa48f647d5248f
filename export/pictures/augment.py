"""Varied copies of a training picture: as if photographed again, a little differently."""

import cv2
import numpy as np

from edge.prepare.preprocess import SIZE

TURN_DEGREES = 15.0
SCALE = (0.8, 1.25)
"""Below 1 the picture becomes smaller than its frame, above it is cropped."""

SHIFT = 0.1
"""Of the frame's side, in each direction; what leaves the frame is cropped too."""

CONTRAST = (0.8, 1.25)
BRIGHTNESS = 25.0
"""Grey levels, up or down."""

TINT = (0.93, 1.07)
"""What each of red, green and blue is multiplied by: lamps and cameras differ in colour."""


def vary(row: np.ndarray, seed: int) -> np.ndarray:
    """Return a copy of a row that is flipped, cropped, turned, scaled and tinted.

    Where a turn or a smaller scale lays the frame's corners bare, they mirror the picture.

    Args:
        row: uint8[299, 299, 3].
        seed: a whole number from 0; how much of each there is depends on it alone.

    Returns:
        uint8[299, 299, 3].
    """
    chance = np.random.RandomState(seed)
    moved = cv2.warpAffine(
        row, _motion(chance), (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    return cv2.LUT(moved, _light(chance))


def _motion(chance: np.random.RandomState) -> np.ndarray:
    """Return float64[2, 3]: a turn and scale about the centre, a shift, and perhaps a flip."""
    centre = (SIZE - 1) / 2
    turn = chance.uniform(-TURN_DEGREES, TURN_DEGREES)
    motion: np.ndarray = cv2.getRotationMatrix2D((centre, centre), turn, chance.uniform(*SCALE))
    motion[:, 2] += chance.uniform(-SHIFT * SIZE, SHIFT * SIZE, size=2)
    if chance.randint(2):
        motion = motion.dot([[-1, 0, SIZE - 1], [0, 1, 0], [0, 0, 1]])
    return motion


def _light(chance: np.random.RandomState) -> np.ndarray:
    """Return uint8[1, 256, 3]: what becomes of each grey level of red, green and blue."""
    lit = np.arange(256.0)[:, np.newaxis] * chance.uniform(*TINT, size=3)
    level = 127.5 + chance.uniform(-BRIGHTNESS, BRIGHTNESS)
    levels = (lit - 127.5) * chance.uniform(*CONTRAST) + level
    return np.clip(levels, 0, 255).astype(np.uint8)[np.newaxis]
