"""Pictures that show nothing anybody would label: what a camera sees when something is wrong.

They are made of the user's own, so that a model learns the difference to these without a picture
of anybody else's (outlier exposure, arXiv:1812.04606).
"""

from typing import Sequence

import cv2
import numpy as np

from edge.prepare import preprocess
from edge.prepare.preprocess import ROW, SIZE


def rows(paths: Sequence[str], of_each: int, seed: int) -> np.ndarray:
    """Return strange rows: uint8[n, 299, 299, 3].

    Args:
        paths: readable picture files.
        of_each: how many rows of each of the KINDS.
        seed: a whole number from 0, which they depend on alone.
    """
    chance = np.random.RandomState(seed)
    found = []
    for kind in KINDS:
        for _ in range(of_each):
            with open(paths[chance.randint(len(paths))], "rb") as file:
                row = preprocess.load(file.read())
            found.append(np.clip(kind(row, chance), 0, 255).astype(np.uint8))
    return np.stack(found)


def _dark(row: np.ndarray, chance: np.random.RandomState) -> np.ndarray:
    return row * _between(chance, 0.01, 0.15) + _grain(chance, 3.0)


def _bright(row: np.ndarray, chance: np.random.RandomState) -> np.ndarray:
    return 255.0 - (255.0 - row) * _between(chance, 0.02, 0.15)


def _blurred(row: np.ndarray, chance: np.random.RandomState) -> np.ndarray:
    blurred: np.ndarray = cv2.GaussianBlur(row, (0, 0), _between(chance, 5.0, 30.0))
    return blurred


def _noise(row: np.ndarray, chance: np.random.RandomState) -> np.ndarray:
    grains = SIZE // chance.randint(1, 20) + 1
    noise = chance.uniform(0.0, 255.0, (grains, grains, 3))
    if chance.rand() < 0.3:
        noise = noise.mean(axis=2, keepdims=True).repeat(3, axis=2)
    return _enlarged(noise, int(chance.randint(2))) + _grain(chance, 60.0)


def _flat(row: np.ndarray, chance: np.random.RandomState) -> np.ndarray:
    return np.broadcast_to(chance.uniform(0.0, 255.0, 3), ROW) + _grain(chance, 5.0)


def _gradient(row: np.ndarray, chance: np.random.RandomState) -> np.ndarray:
    side = chance.randint(2, 5)
    corners = chance.uniform(0.0, 255.0, (side, side, 3)) * chance.uniform(0.2, 1.0)
    return _enlarged(corners + chance.uniform(0.0, 60.0), cv2.INTER_CUBIC) + _grain(chance, 12.0)


def _patch(row: np.ndarray, chance: np.random.RandomState) -> np.ndarray:
    """A wall or a floor: a small part, mostly of the edge, as the whole."""
    side = chance.randint(SIZE // 25, SIZE // 7)
    top, left = chance.randint(0, SIZE - side, 2)
    if chance.rand() < 0.6:
        top = chance.choice([0, SIZE - side])
    return _enlarged(row[top : top + side, left : left + side], cv2.INTER_CUBIC)


def _shuffled(row: np.ndarray, chance: np.random.RandomState) -> np.ndarray:
    """The colours and textures of things, but no thing."""
    count = chance.randint(3, 9)
    side = SIZE // count
    shuffled = row.copy()
    places = [(y * side, x * side) for y in range(count) for x in range(count)]
    for (y, x), other in zip(places, chance.permutation(len(places))):
        top, left = places[other]
        shuffled[y : y + side, x : x + side] = row[top : top + side, left : left + side]
    return shuffled


KINDS = (_dark, _bright, _blurred, _noise, _flat, _gradient, _patch, _shuffled)


def _between(chance: np.random.RandomState, low: float, high: float) -> float:
    """Return a number whose logarithm is evenly spread."""
    return float(np.exp(chance.uniform(np.log(low), np.log(high))))


def _grain(chance: np.random.RandomState, most: float) -> np.ndarray:
    """Return a sensor's noise, in grey levels: float64[299, 299, 1]."""
    return chance.normal(0.0, chance.uniform(0.0, most), (SIZE, SIZE, 1))


def _enlarged(small: np.ndarray, interpolation: int) -> np.ndarray:
    large: np.ndarray = cv2.resize(small, (SIZE, SIZE), interpolation=interpolation)
    return large
