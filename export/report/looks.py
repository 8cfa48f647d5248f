"""What can be measured of photographs without a model: size, light, blur, how alike two are."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Iterator, List, NamedTuple, Optional, Sequence, Tuple

import cv2
import numpy as np

from edge.errors import PictureError
from edge.prepare import headers, preprocess
from edge.prepare.validity import Sharpness, brightness
from export.pictures.photographs import Photograph

ALIKE = 0.995
"""Two pictures of one scene correlate so at least, as GRAIN by GRAIN grey pixels."""

GRAIN = 16

CHUNK = 1000


class Look(NamedTuple):
    """What one photograph looks like.

    Attributes:
        photograph: the Photograph.
        fault: why it cannot be read; what follows says nothing then.
        width, height: in pixels, as the file says.
        light: the mean of its row, 0 to 255.
        sharpness: the variance of its Laplacian, see `edge.prepare.validity`.
        digest: of the file's content.
        grain: float32[GRAIN * GRAIN], its grey pixels, of mean 0 and length 1.
    """

    photograph: Photograph
    fault: Optional[str] = None
    width: int = 0
    height: int = 0
    light: float = 0.0
    sharpness: float = 0.0
    digest: bytes = b""
    grain: Optional[np.ndarray] = None


def taken(found: Sequence[Photograph]) -> Iterator[Look]:
    """Yield a Look for each photograph, in their order."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for look in pool.map(_look, found):
            yield look


def _look(photograph: Photograph) -> Look:
    try:
        with open(photograph.path, "rb") as file:
            data = file.read()
        header = headers.read(data)
        row = preprocess.load(data)
    except PictureError as error:
        return Look(photograph, str(error))
    except OSError as error:
        return Look(photograph, error.strerror)
    return Look(
        photograph,
        None,
        header.width,
        header.height,
        brightness(row),
        Sharpness()(row),
        hashlib.sha256(data).digest(),
        _grain(row),
    )


def _grain(row: np.ndarray) -> np.ndarray:
    grey = cv2.cvtColor(row, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (GRAIN, GRAIN), interpolation=cv2.INTER_AREA).ravel()
    flat = small.astype(np.float32) - small.mean()
    return flat / max(float(np.linalg.norm(flat)), 1e-6)


def _grain_of(look: Look) -> np.ndarray:
    assert look.grain is not None, look.fault
    return look.grain


def alike(found: Sequence[Look]) -> List[Tuple[Look, Look, float]]:
    """Return pairs that are nearly the same, with how they correlate; those of two labels first.

    Args:
        found: Looks without a fault.
    """
    grains = np.stack([_grain_of(look) for look in found]) if found else np.empty((0, 1))
    pairs = []
    for begin in range(0, len(found), CHUNK):
        likeness = grains[begin : begin + CHUNK] @ grains.T
        for a, b in zip(*np.nonzero(likeness >= ALIKE)):
            first = begin + int(a)
            if first < b:
                pairs.append((found[first], found[int(b)], float(likeness[a, b])))
    return sorted(
        pairs, key=lambda pair: (pair[0].photograph.label == pair[1].photograph.label, -pair[2])
    )
