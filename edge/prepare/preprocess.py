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
    "shrink": "area",
    "enlarge": "linear",
    "alpha": "on white",
    "orientation": "obeyed",
    "jpeg": "as small as covers it",
}
"""What a bundle records of this file; one made with none of SPECS is refused."""

FORMER = {name: value for name, value in SPEC.items() if name != "jpeg"}
"""Of bundles that were trained on JPEGs decoded in full, and are served so."""

SPECS = (SPEC, FORMER)


def covering(spec: Dict[str, Any]) -> Optional[int]:
    """Return what `decode` is to be told of JPEGs for one of SPECS."""
    return SIZE if spec == SPEC else None


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


def side_by_side() -> None:
    """Have OpenCV work on a picture in the calling thread alone, in all of this process.

    Pictures are prepared side by side, one a thread. Threads of OpenCV's own for one of them would
    only wait for a processor, and busily so.
    """
    cv2.setNumThreads(1)


def load_into(data: bytes, out: np.ndarray, spec: Dict[str, Any] = SPEC) -> None:
    """Decode a picture file and fill a row with it, as one of SPECS says; see `decode` and
    `preprocess_into`."""
    preprocess_into(decode(data, covering=covering(spec)), out)


def load(data: bytes, spec: Dict[str, Any] = SPEC) -> np.ndarray:
    """Return a picture file's row, newly made: uint8[299, 299, 3]; see `load_into`."""
    out = np.empty(ROW, np.uint8)
    load_into(data, out, spec)
    return out
