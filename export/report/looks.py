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

ALIKE = 0.95
"""Two shots of one scene correlate so at least, as GRAIN by GRAIN grey pixels: of photographs of
groceries on shelves, all pairs above it are such, and of those below it many are."""

GRAIN = 16

CHUNK = 200
"""Of so many at a time it is computed how they correlate with all others."""


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


class Alike(NamedTuple):
    """Pairs that are nearly the same.

    Attributes:
        number: how many there are.
        shown: some, with how they correlate: those of two labels first, then the most alike.
    """

    number: int
    shown: List[Tuple[Look, Look, float]]


def alike(found: Sequence[Look], most: int) -> Alike:
    """Return which are nearly the same.

    Args:
        found: Looks without a fault.
        most: how many pairs are shown.
    """
    grains = np.stack([_grain_of(look) for look in found]) if found else np.empty((0, 1))
    labels = np.array([look.photograph.label for look in found])
    count, best = 0, []
    for begin in range(0, len(found), CHUNK):
        likeness = np.triu(grains[begin : begin + CHUNK] @ grains[begin:].T, 1)
        first, second = (begin + side for side in np.nonzero(likeness >= ALIKE))
        degrees, one_label = likeness[likeness >= ALIKE], labels[first] == labels[second]
        count += len(degrees)
        for chosen in np.lexsort((-degrees, one_label))[:most]:
            pair = found[first[chosen]], found[second[chosen]], float(degrees[chosen])
            best.append((bool(one_label[chosen]), -pair[2], pair))
    return Alike(count, [pair for _, _, pair in sorted(best, key=lambda one: one[:2])[:most]])
