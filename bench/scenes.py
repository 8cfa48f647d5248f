"""Pictures with the statistics of photographs, for benchmarks that are given none.

Amplitudes fall with the frequency, to the power of FALL, as those of natural images do (D. J.
Field, J. Opt. Soc. Am. A 4, 1987); colours vary less than brightness.
"""

import os

import cv2
import numpy as np

FALL = 1.2
"""Of amplitudes with the frequency: 0.8 to 1.5 in photographs, 1.2 on average (A. van der Schaaf,
J. H. van Hateren, Vision Research 36, 1996)."""

CONTRAST = 45.0
"""Standard deviation of the brightness, in grey levels."""

QUALITY = 88
"""Of JPEGs: cameras' usual."""

SIZES = {"1080p": (1080, 1920), "12mp": (3000, 4000)}


def scene(height, width, seed):
    """Return uint8[height, width, 3], BGR."""
    chance = np.random.RandomState(seed)
    down = np.fft.fftfreq(height)[:, np.newaxis]
    across = np.fft.rfftfreq(width)[np.newaxis]
    amplitude = np.maximum(np.hypot(down, across), 1 / max(height, width)) ** -FALL

    def field():
        phase = np.exp(2j * np.pi * chance.rand(height, width // 2 + 1))
        found = np.fft.irfft2(amplitude * phase, (height, width))
        return (found - found.mean()) / found.std()

    brightness = field()
    tints = [0.3 * field() for _ in range(2)]
    channels = [brightness + tints[0], brightness, brightness + tints[1]]
    return np.clip(118 + CONTRAST * np.stack(channels, axis=-1), 0, 255).astype(np.uint8)


def encoded(size, extension, seed):
    """Return the picture file of a scene.

    Args:
        size, extension: see `write`.
        seed: which scene.
    """
    flags = [cv2.IMWRITE_JPEG_QUALITY, QUALITY] if extension == ".jpg" else []
    return cv2.imencode(extension, scene(*SIZES[size], seed), flags)[1].tobytes()


def write(folder, size, extension, count, different=20):
    """Write `count` picture files of so many different scenes; return their paths.

    Args:
        folder: made.
        size: one of SIZES.
        extension: ".jpg" or ".png".
        count: how many files.
        different: of so many scenes.
    """
    os.makedirs(folder)
    coded = [encoded(size, extension, seed) for seed in range(min(count, different))]
    paths = []
    for number in range(count):
        paths.append(os.path.join(folder, "{:05d}{}".format(number, extension)))
        with open(paths[-1], "wb") as file:
            file.write(coded[number % len(coded)])
    return paths
