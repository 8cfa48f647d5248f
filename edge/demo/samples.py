"""Photograph-like sample pictures of a few things, drawn: for a first look and for tests.

Each thing has a colour of its own and stands large before a grey wall, so that a base of random
weights, which sees little more than colours and plain shapes, tells them apart.
"""

import os
from typing import Dict, Sequence, Tuple

import cv2
import numpy as np

SIZE = (480, 640)
"""Height and width of a sample in pixels."""

_CANVAS = 400
"""Side in pixels of the square that a thing is drawn on before it is turned, scaled and placed."""


def draw(label: str, seed: int) -> np.ndarray:
    """Draw a picture of one of LABELS: uint8[480, 640, 3], RGB, the same for the same seed.

    Place, size, angle, light, background, blur and grain vary with the seed.
    """
    chance = np.random.RandomState(seed)
    colour, mask = _DRAWINGS[label](chance)
    scene = _background(chance)
    turn = _placement(chance)
    thing = cv2.warpAffine(_shade(colour, mask, chance), turn, SIZE[::-1])
    cover = cv2.warpAffine(mask, turn, SIZE[::-1])[..., np.newaxis]
    shadow = cv2.GaussianBlur(np.roll(cover[..., 0], (14, 10), (0, 1)), (0, 0), 12)
    scene = scene * (1 - 0.45 * shadow[..., np.newaxis])
    picture = scene * (1 - cover) + thing * cover
    picture = cv2.GaussianBlur(picture, (0, 0), chance.uniform(0.4, 1.2))
    picture = picture * chance.uniform(0.9, 1.1) + chance.normal(0, 4, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


def write(folder: str, count: int, seed: int) -> Dict[str, str]:
    """Write `count` JPEG files of each of LABELS into class folders; return {path: label}."""
    written = {}
    for number, label in enumerate(LABELS):
        os.makedirs(os.path.join(folder, label), exist_ok=True)
        for index in range(count):
            picture = draw(label, seed + 1000 * number + index)
            name = "{}-{:02d}.jpg".format(label.split(",")[0].lower(), index + 1)
            path = os.path.join(folder, label, name)
            with open(path, "wb") as file:
                file.write(cv2.imencode(".jpg", picture[..., ::-1])[1].tobytes())
            written[path] = label
    return written


_Drawing = Tuple[np.ndarray, np.ndarray]
"""Colours, float32[400, 400, 3], and what of them is the thing, float32[400, 400] of 0 to 1."""


def _apple(chance: np.random.RandomState) -> _Drawing:
    colour = _filled((205 + chance.randint(-15, 16), 40, 45))
    mask = _empty_mask()
    for x in (165, 235):
        cv2.ellipse(mask, (x, 215), (105, 125), 0, 0, 360, 1.0, -1)
    stem = _empty_mask()
    cv2.line(stem, (200, 110), (220, 50), 1.0, 12)
    colour[stem > 0] = (95, 65, 35)
    return colour, np.maximum(mask, stem)


def _banana(chance: np.random.RandomState) -> _Drawing:
    colour = _filled((240, 210 + chance.randint(-15, 16), 50))
    mask, inside = _empty_mask(), _empty_mask()
    cv2.ellipse(mask, (200, 140), (185, 190), 0, 0, 180, 1.0, -1)
    cv2.ellipse(inside, (200, 110), (185, 140), 0, 0, 180, 1.0, -1)
    mask = np.clip(mask - inside, 0, 1)
    mask[:140] = 0
    colour[:165] = (110, 90, 40)
    return colour, mask


def _bottle(chance: np.random.RandomState) -> _Drawing:
    colour = _filled((30, 95 + chance.randint(-15, 16), 190))
    mask = _empty_mask()
    cv2.rectangle(mask, (135, 170), (265, 385), 1.0, -1)
    cv2.ellipse(mask, (200, 170), (65, 55), 0, 180, 360, 1.0, -1)
    cv2.rectangle(mask, (176, 20), (224, 170), 1.0, -1)
    cv2.rectangle(colour, (135, 225), (265, 325), (235, 230, 215), -1)
    cv2.rectangle(colour, (176, 20), (224, 50), (60, 60, 65), -1)
    for y in (250, 275, 300):
        cv2.line(colour, (155, y), (155 + chance.randint(40, 90), y), (90, 80, 80), 6)
    return colour, mask


def _carton(chance: np.random.RandomState) -> _Drawing:
    colour = _filled((186, 140, 92))
    front = np.array([(60, 160), (260, 190), (260, 370), (60, 330)])
    side = np.array([(260, 190), (350, 140), (350, 310), (260, 370)])
    lid = np.array([(60, 160), (150, 115), (350, 140), (260, 190)])
    mask = _empty_mask()
    for face, tone in ((front, 1.0), (side, 0.7), (lid, 1.2)):
        cv2.fillPoly(mask, [face], 1.0)
        cv2.fillPoly(colour, [face], [tone * level for level in (186, 140, 92)])
    tape = np.array([(145, 172), (175, 177), (262, 128), (235, 125)])
    cv2.fillPoly(colour, [tape], (225, 205, 160))
    cv2.rectangle(colour, (90, 235), (90 + chance.randint(50, 110), 275), (245, 245, 240), -1)
    return colour, mask


_DRAWINGS = {"Apples": _apple, "Bananas": _banana, "Bottles": _bottle, "Cartons": _carton}

LABELS = tuple(_DRAWINGS)
"""The things that can be drawn."""


def _filled(rgb: Sequence[float]) -> np.ndarray:
    return np.full((_CANVAS, _CANVAS, 3), rgb, np.float32)


def _empty_mask() -> np.ndarray:
    return np.zeros((_CANVAS, _CANVAS), np.float32)


def _shade(colour: np.ndarray, mask: np.ndarray, chance: np.random.RandomState) -> np.ndarray:
    """Light a thing from one side: bright towards the light, dark at the far edge, a gloss."""
    y, x = np.mgrid[0:_CANVAS, 0:_CANVAS].astype(np.float32) / _CANVAS - 0.5
    angle = chance.uniform(0, 2 * np.pi)
    ramp = 1.0 + 0.5 * (x * np.cos(angle) + y * np.sin(angle))
    edge = cv2.GaussianBlur(mask, (0, 0), 18)
    gloss_x, gloss_y = 0.2 * np.cos(angle), 0.2 * np.sin(angle)
    gloss = np.exp(-((x - gloss_x) ** 2 + (y - gloss_y) ** 2) / 0.004)
    lit = colour * (ramp * (0.55 + 0.45 * edge))[..., np.newaxis]
    return lit + 90 * gloss[..., np.newaxis]


def _placement(chance: np.random.RandomState) -> np.ndarray:
    """Return the affine transform that turns, scales and places the canvas in the picture."""
    scale = chance.uniform(0.95, 1.25)
    turn = cv2.getRotationMatrix2D(
        (_CANVAS / 2, _CANVAS / 2), float(chance.uniform(-20, 20)), float(scale)
    )
    turn[0, 2] += SIZE[1] / 2 - _CANVAS / 2 + chance.uniform(-60, 60)
    turn[1, 2] += SIZE[0] / 2 - _CANVAS / 2 + chance.uniform(-25, 25)
    return turn


def _background(chance: np.random.RandomState) -> np.ndarray:
    """Return float32[h, w, 3]: a wall and a table, unevenly lit, with some texture."""
    height, width = SIZE
    scene = np.empty((height, width, 3), np.float32)
    horizon = chance.randint(height // 4, height // 2)
    scene[:horizon] = chance.uniform(170, 200) + chance.uniform(-4, 4, 3)
    scene[horizon:] = chance.uniform(120, 150) + chance.uniform(-4, 4, 3)
    light = chance.uniform(0.85, 1.15, (3, 4)).astype(np.float32)
    texture = chance.normal(1, 0.08, (height // 8, width // 2)).astype(np.float32)
    for field in (light, texture):
        scene *= cv2.resize(field, SIZE[::-1], interpolation=cv2.INTER_CUBIC)[..., np.newaxis]
    return cv2.GaussianBlur(scene, (0, 0), 2)
