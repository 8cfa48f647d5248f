"""The part of a camera's picture that is looked at, upright."""

from typing import Dict, Optional, Tuple

import cv2
import numpy as np

from edge.errors import SourceError

TURNS: Dict[int, Optional[int]] = {
    0: None,
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}
"""By how many degrees a picture may be turned, clockwise."""


def view(image: np.ndarray, roi: Optional[Tuple[int, int, int, int]], rotate: int) -> np.ndarray:
    """Return the region of interest of a picture, turned.

    Args:
        image: uint8[height, width, 3].
        roi: (x, y, width, height) in pixels of `image`, or None: all of it.
        rotate: degrees, clockwise: a key of TURNS.

    Raises:
        SourceError: the region is not all inside the picture.
    """
    if roi is not None:
        x, y, width, height = roi
        if x + width > image.shape[1] or y + height > image.shape[0]:
            raise SourceError(
                "roi {} reaches beyond its pictures, which have {}x{} pixels".format(
                    list(roi), image.shape[1], image.shape[0]
                )
            )
        image = image[y : y + height, x : x + width]
    turn = TURNS[rotate]
    return image if turn is None else cv2.rotate(image, turn)
