"""The part of a camera's picture that is looked at, upright."""

from typing import Dict, Optional, Tuple

import cv2
import numpy as np

from edge.errors import SourceError

Region = Tuple[int, int, int, int]
"""(x, y, width, height) in pixels of a picture as it comes."""

TURNS: Dict[int, Optional[int]] = {
    0: None,
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}
"""By how many degrees a picture may be turned, clockwise."""


def check_inside(region: Region, width: int, height: int) -> None:
    """Raise SourceError if a region is not all inside a picture of that many pixels."""
    if region[0] + region[2] > width or region[1] + region[3] > height:
        raise SourceError(
            "roi {} reaches beyond its pictures, which have {}x{} pixels".format(
                list(region), width, height
            )
        )


def cut(image: np.ndarray, region: Optional[Region]) -> np.ndarray:
    """Return a region of uint8[height, width, 3], a view of it; None: all of it.

    Raises:
        SourceError: the region is not all inside the picture.
    """
    if region is None:
        return image
    check_inside(region, image.shape[1], image.shape[0])
    x, y, width, height = region
    return image[y : y + height, x : x + width]


def turned(image: np.ndarray, rotate: int) -> np.ndarray:
    """Return uint8[height, width, 3], turned clockwise by degrees: a key of TURNS."""
    turn = TURNS[rotate]
    return image if turn is None else cv2.rotate(image, turn)
