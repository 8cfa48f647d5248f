"""Pictures that a page holds itself, as many as it has room for."""

import base64
from typing import Optional

import cv2
import numpy as np

from edge.errors import PictureError
from edge.prepare.decoder import decode

QUALITY = 80
"""Of the JPEGs, of 100."""

LARGE, MEDIUM, SMALL = 240, 150, 96
"""The longer sides of pictures, in pixels."""


class Album:
    """Makes pictures for a page until they have taken what they may."""

    def __init__(self, most_bytes: int) -> None:
        """Begin with none; `most_bytes`: of the page that its pictures may take."""
        self._left = most_bytes

    def of_file(self, path: str, side: int) -> Optional[str]:
        """Return a picture file as a data URI, its longer side so many pixels at the most.

        None where it cannot be read, or there is no more room.
        """
        if self._left <= 0:
            return None
        try:
            with open(path, "rb") as file:
                image = decode(file.read(), covering=side)
        except (OSError, PictureError):
            return None
        return self.of_pixels(image, side)

    def of_pixels(self, image: np.ndarray, side: int) -> Optional[str]:
        """Return uint8[height, width, 3] (RGB) likewise."""
        data = _jpeg(image, side)
        text = "data:image/jpeg;base64," + base64.b64encode(data).decode("ascii")
        self._left -= len(text)
        return text if self._left >= 0 else None


def _jpeg(image: np.ndarray, side: int) -> bytes:
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale < 1:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    done, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    assert done
    return data.tobytes()
