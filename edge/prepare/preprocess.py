"""The preprocessing, one for training and serving: bytes to RGB, RGB into a row of the batch."""

from typing import Any, Dict, Optional

import cv2
import numpy as np

from edge.prepare.decoder import decode

SIZE = 299
"""Height and width of a row in pixels: what InceptionV3 was designed for (arXiv:1512.00567)."""

ROW = (SIZE, SIZE, 3)

SPEC = {
    "size": SIZE,
    "channels": "RGB",
    "dtype": "uint8",
    "fit": "stretch",
    "shrink": "by halves, then area",
    "enlarge": "linear",
    "alpha": "on white",
    "orientation": "obeyed",
    "jpeg": "as small as covers it",
}
"""What a bundle records of this file; one made with none of SPECS is refused."""

BY_AREA = dict(SPEC, shrink="area")
"""Of bundles that were trained on pictures shrunk by area at once, and are served so."""

FORMER = {name: value for name, value in BY_AREA.items() if name != "jpeg"}
"""Of those that were trained on JPEGs decoded in full besides."""

SPECS = (SPEC, BY_AREA, FORMER)


def covering(spec: Dict[str, Any]) -> Optional[int]:
    """Return what `decode` is to be told of JPEGs for one of SPECS."""
    return SIZE if "jpeg" in spec else None


def preprocess_into(image: np.ndarray, out: np.ndarray, spec: Dict[str, Any] = SPEC) -> None:
    """Resize a picture into a row of the batch: the last time its pixels are written.

    Args:
        image: uint8[height, width, 3], RGB.
        out: uint8[299, 299, 3], C-contiguous; filled in place. `cv2.resize` silently allocates
            where `out` has another shape or dtype: every row is made as `ROW` says, in `slots`.
        spec: one of SPECS.
    """
    if spec["shrink"] == SPEC["shrink"]:
        image = _halved(image)
    height, width = image.shape[:2]
    shrinks = height >= SIZE and width >= SIZE
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    cv2.resize(image, (SIZE, SIZE), dst=out, interpolation=how)


def side_by_side() -> None:
    """Have OpenCV work on a picture in the calling thread alone, in all of this process.

    Pictures are prepared side by side, one a thread. Threads of OpenCV's own for one of them would
    only wait for a processor, and busily so.
    """
    cv2.setNumThreads(1)


def load_into(data: bytes, out: np.ndarray, spec: Dict[str, Any] = SPEC) -> None:
    """Decode a picture file and fill a row with it, as one of SPECS says; see `decode` and
    `preprocess_into`."""
    preprocess_into(decode(data, covering=covering(spec)), out, spec)


def load(data: bytes, spec: Dict[str, Any] = SPEC) -> np.ndarray:
    """Return a picture file's row, newly made: uint8[299, 299, 3]; see `load_into`."""
    out = np.empty(ROW, np.uint8)
    load_into(data, out, spec)
    return out


def _halved(image: np.ndarray) -> np.ndarray:
    """Return a picture halved as often as both its sides are even and it still covers a row.

    Each pixel is the mean of four. For such boxes OpenCV has vector code: it takes less time than
    by area alone (`bench.preparing`).
    """
    height, width = image.shape[:2]
    while min(height, width) >= 2 * SIZE and height % 2 == width % 2 == 0:
        height, width = height // 2, width // 2
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return image
