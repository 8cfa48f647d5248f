"""What a picture costs at least: `python -m bench.limit BUNDLE PICTURE...` prints JSON.

`graph_seconds`: of the fastest form of the bundle, for a picture, at its best batch, on all cores;
`prepare_seconds`: of one core, to read, decode and prepare a picture.
"""

import argparse
import json
import statistics
import time

import cv2
import numpy as np

from edge.classify import variant
from edge.classify.runtimes import Runtimes
from edge.config.settings import ModelSettings
from edge.machine import memory
from edge.offline.files import read_file
from edge.prepare.preprocess import ROW, load_into

SIZES = (1, 2, 4, 8)
SECONDS = 0.5


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle")
    parser.add_argument("pictures", nargs="+")
    parser.add_argument("--precision", default="auto")
    options = parser.parse_args()
    runtime = Runtimes()
    settings = ModelSettings(options.bundle, precision=options.precision)
    form = variant.choose(settings, runtime).candidates[0]
    graph = runtime.load(form)
    rows = memory.aligned((max(SIZES),) + ROW)
    rows[...] = np.random.RandomState(0).randint(0, 256, rows.shape)
    facts = {
        "form": form.form,
        "graph_seconds": min(took(graph, rows[:size]) / size for size in SIZES),
        "prepare_seconds": prepare(options.pictures, form.preprocessing),
    }
    print(json.dumps(facts))


def took(graph, rows):
    """Return the median seconds of a run."""
    graph.run(rows)
    found, end = [], time.monotonic() + SECONDS
    while len(found) < 3 or time.monotonic() < end:
        began = time.monotonic()
        graph.run(rows)
        found.append(time.monotonic() - began)
    return statistics.median(found)


def prepare(paths, spec):
    """Return the processor time of a picture, in seconds."""
    cv2.setNumThreads(1)
    row = np.empty(ROW, np.uint8)
    load_into(read_file(paths[0]), row, spec)
    began = time.thread_time()
    for path in paths:
        load_into(read_file(path), row, spec)
    return (time.thread_time() - began) / len(paths)


if __name__ == "__main__":
    main()
