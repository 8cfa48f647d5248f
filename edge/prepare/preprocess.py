"""The preprocessing, one for training and serving: bytes to RGB, RGB into a row of the batch."""

from typing import Any, Callable, Dict

import cv2
import numpy as np

from edge.errors import PictureError
from edge.prepare import formats as container

SIZE = 299
"""Height and width of a row in pixels: what InceptionV3 was designed for (arXiv:1512.00567)."""

ROW = (SIZE, SIZE, 3)

SPEC = {
    "size": SIZE,
    "channels": "RGB",
    "dtype": "uint8",
    "fit": "stretch",
    "shrink": "area",
    "enlarge": "linear",
    "alpha": "on white",
    "orientation": "obeyed",
}
"""What a bundle records of this file; a bundle made with another spec is refused."""

_TURNS: Dict[int, Callable[[Any], Any]] = {
    2: lambda image: cv2.flip(image, 1),
    3: lambda image: cv2.flip(image, -1),
    4: lambda image: cv2.flip(image, 0),
    5: cv2.transpose,
    6: lambda image: cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE),
    7: lambda image: cv2.flip(cv2.transpose(image), -1),
    8: lambda image: cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE),
}
"""What makes a picture upright, by its Exif orientation (Exif 2.32, tag 274)."""


def decode(data: bytes) -> np.ndarray:
    """Decode a picture file, upright, whatever its channels and depth.

    Args:
        data: the whole file (bytes): JPEG, PNG, WebP, BMP or TIFF; grey, colour, with alpha
            (laid on white) or 16 bits a channel (scaled to 8).

    Returns:
        uint8[height, width, 3], RGB.

    Raises:
        PictureError: the bytes are no such picture; the text is the reason.
    """
    turn = _TURNS.get(container.orientation(data))
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise PictureError("the decoder refused it: {}".format(error.err or error))
    if image is None:
        raise PictureError("the decoder refused it: the file is damaged")
    image = _rgb(_eight_bits(image))
    return image if turn is None else turn(image)


def preprocess_into(image: np.ndarray, out: np.ndarray) -> None:
    """Resize a picture into a row of the batch: the last time its pixels are written.

    Args:
        image: uint8[height, width, 3], RGB.
        out: uint8[299, 299, 3], C-contiguous; filled in place. `cv2.resize` silently allocates
            where `out` has another shape or dtype: every row is made as `ROW` says, in `slots`.
    """
    height, width = image.shape[:2]
    shrinks = height >= SIZE and width >= SIZE
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    cv2.resize(image, (SIZE, SIZE), dst=out, interpolation=how)


def load_into(data: bytes, out: np.ndarray) -> None:
    """Decode a picture file and fill a row with it; see `decode` and `preprocess_into`."""
    preprocess_into(decode(data), out)


def load(data: bytes) -> np.ndarray:
    """Return a picture file's row, newly made: uint8[299, 299, 3]; see `load_into`."""
    out = np.empty(ROW, np.uint8)
    load_into(data, out)
    return out


def _eight_bits(image: np.ndarray) -> np.ndarray:
    if image.dtype == np.uint8:
        return image
    if image.dtype == np.uint16:
        return ((image.astype(np.uint32) + 128) // 257).astype(np.uint8)
    raise PictureError("its samples are {}: only 8 and 16 bits are read".format(image.dtype))


def _rgb(image: np.ndarray) -> np.ndarray:
    """Turn OpenCV's grey, grey+alpha, BGR or BGRA into RGB."""
    channels = 1 if image.ndim == 2 else image.shape[2]
    if channels == 1:
        return cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
    if channels == 3:
        return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    if channels == 2:
        return _on_white(cv2.cvtColor(image[..., 0], cv2.COLOR_GRAY2RGB), image[..., 1])
    if channels == 4:
        return _on_white(cv2.cvtColor(image, cv2.COLOR_BGRA2RGB), image[..., 3])
    raise PictureError("it has {} channels: 1 to 4 are read".format(channels))


def _on_white(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    if alpha.min() == 255:
        return rgb
    weight = alpha[..., np.newaxis].astype(np.uint16)
    return ((rgb * weight + 255 * (255 - weight) + 127) // 255).astype(np.uint8)
