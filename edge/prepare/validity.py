"""Whether a camera's picture is worth a label: measured on the row that the graph reads."""

from typing import Optional

import cv2
import numpy as np

from edge.config.settings import ValiditySettings
from edge.prepare.preprocess import ROW, SIZE

LIVE, FROZEN, DARK, BRIGHT, BLURRED = STATUSES = ("live", "frozen", "dark", "bright", "blurred")

STEP = 4
"""Every so many-th pixel each way is enough to compare pictures and to see how bright they are."""


def brightness(row: np.ndarray) -> float:
    """Return the mean of a row, 0 to 255; `row`: uint8[299, 299, 3]."""
    return float(row[::STEP, ::STEP].mean())


def difference(thumbnail: np.ndarray, row: np.ndarray) -> float:
    """Return the mean difference between a row and a former one's `row[::STEP, ::STEP]`."""
    return float(np.abs(thumbnail - row[::STEP, ::STEP].astype(np.int16)).mean())


class Sharpness:
    """The variance of the Laplacian of a row's green: the less, the more it is out of focus.

    Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000. Holds the
    memory that it needs; for one thread at a time.
    """

    def __init__(self) -> None:
        self._green = np.empty((SIZE, SIZE), np.uint8)
        self._edges = np.empty((SIZE, SIZE), np.int16)

    def __call__(self, row: np.ndarray) -> float:
        """Return it; `row`: uint8[299, 299, 3], RGB."""
        cv2.extractChannel(row, 1, self._green)
        cv2.Laplacian(self._green, cv2.CV_16S, dst=self._edges)
        # the Laplacian's mean is 0 but for the borders, so its mean square is its variance
        return cv2.norm(self._edges, cv2.NORM_L2SQR) / self._edges.size


class Validity:
    """Judges one camera's pictures, one after the other.

    A status counts once it has been measured for `after_s`, so that one dark picture is no dark
    camera. `frozen` counts at `frozen_s`, and ends with the first picture that differs.
    """

    def __init__(self, settings: ValiditySettings) -> None:
        """Begin with no picture seen; `settings`: the `validity` section of the configuration."""
        self._settings = settings
        self._sharpness = Sharpness()
        self._thumbnail = np.zeros(ROW, np.int16)[::STEP, ::STEP].copy()
        self._changed: Optional[float] = None
        self._status = LIVE
        self._measured = LIVE
        self._since = 0.0

    def judge(self, row: np.ndarray, now: float) -> str:
        """Return the camera's status: one of STATUSES.

        Args:
            row: uint8[299, 299, 3], RGB.
            now: when the picture was taken, in monotonic seconds.
        """
        if self._is_frozen(row, now):
            return FROZEN
        measured = self._measure(row)
        if measured != self._measured:
            self._measured, self._since = measured, now
        if now - self._since >= self._settings.after_s:
            self._status = measured
        return self._status

    def reason(self, status: str) -> Optional[str]:
        """Return what `status` means, for the person on duty; None for LIVE."""
        settings = self._settings
        return {
            LIVE: None,
            FROZEN: "its pictures have not changed for {:g} s".format(settings.frozen_s),
            DARK: "its pictures are darker than {:g} of 255".format(settings.dark),
            BRIGHT: "its pictures are brighter than {:g} of 255".format(settings.bright),
            BLURRED: "its pictures are less sharp than {:g}: is the lens clean and in "
            "focus?".format(settings.blurred),
        }[status]

    def _is_frozen(self, row: np.ndarray, now: float) -> bool:
        """Compare a row with the last one that differed from those before it."""
        settings = self._settings
        if self._changed is None or difference(self._thumbnail, row) > settings.frozen_difference:
            self._thumbnail[:] = row[::STEP, ::STEP]
            self._changed = now
        return 0 < settings.frozen_s <= now - self._changed

    def _measure(self, row: np.ndarray) -> str:
        settings = self._settings
        level = brightness(row)
        if level < settings.dark:
            return DARK
        if level > settings.bright:
            return BRIGHT
        return BLURRED if self._sharpness(row) < settings.blurred else LIVE
