"""What `validity` measures of pictures, and at what cost: `python -m bench.validity [FILE...]`.

Without files, of drawn samples. Times are the best of many rounds, beside that of the preprocessing
that comes before.
"""

import argparse
import tempfile
import time

import numpy as np

from edge.demo import samples
from edge.prepare.decoder import decode
from edge.prepare.preprocess import ROW, preprocess_into
from edge.prepare.validity import STEP, Sharpness, brightness, difference

ROUNDS, CALLS = 20, 50


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", metavar="FILE")
    with tempfile.TemporaryDirectory() as folder:
        files = parser.parse_args().files or sorted(samples.write(folder, 1, seed=1))
        images = [(path, read(path)) for path in files]
    row, sharpness = np.empty(ROW, np.uint8), Sharpness()
    for path, image in images:
        preprocess_into(image, row)
        text = "{}: brightness {:.0f}, sharpness {:.1f}"
        print(text.format(path, brightness(row), sharpness(row)))
    thumbnail = row[::STEP, ::STEP].astype(np.int16)
    for name, call in (
        ("preprocess", lambda: preprocess_into(image, row)),
        ("brightness", lambda: brightness(row)),
        ("difference", lambda: difference(thumbnail, row)),
        ("sharpness", lambda: sharpness(row)),
    ):
        print("{}: {:.3f} ms".format(name, best_milliseconds(call)))


def read(path):
    with open(path, "rb") as file:
        return decode(file.read())


def best_milliseconds(call):
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(CALLS):
            call()
        best = min(best, (time.perf_counter() - started) / CALLS * 1000)
    return best


if __name__ == "__main__":
    main()
