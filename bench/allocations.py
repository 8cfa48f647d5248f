"""What memory a picture takes on its way, by stage: `python -m bench.allocations OUT BUNDLE`.

One 1080p picture after another goes through the daemon's own stages, in one thread. Of each stage:
`most`, the bytes that Python, numpy and OpenCV's arrays hold above what was there before it, at its
peak; `left`, of these, what its result holds; `faults`, the pages of memory that the system had to
hand out meanwhile, to the libraries' own native memory, too. OUT gets `allocations.json`.
"""

import os
import resource
import statistics
import tempfile
import time
import tracemalloc
from typing import NamedTuple

from prometheus_client import CollectorRegistry

from bench import results, scenes
from edge.board import Board
from edge.classify import bundle as bundles
from edge.classify import variant
from edge.classify.runtimes import Runtimes
from edge.config.settings import DecideSettings, ModelSettings
from edge.deliver.outbox import Bounds, Outbox
from edge.deliver.outcomes import Outcomes
from edge.deliver.sink import EventSink
from edge.frame import Frame, Prepared, frame_id
from edge.machine import memory
from edge.metrics import Metrics
from edge.mqtt.topics import Topics
from edge.offline.files import read_file
from edge.prepare.decoder import checked, decode
from edge.prepare.preprocess import ROW, preprocess_into, side_by_side

KINDS = (".jpg", ".png")
WARM = 5
"""So many pictures come before those that are measured."""


def main():
    parser = results.parser(__doc__)
    parser.add_argument("--pictures", type=int, default=40)
    options = parser.parse_args()
    side_by_side()
    memory.keep_for_pictures()
    street = Street(bundles.read(options.bundle), options.pictures)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            paths = scenes.write(os.path.join(folder, kind), "1080p", kind, options.pictures)
            rows += [dict(row, kind=kind) for row in street.measured(paths)]
    results.write(options.out, "allocations", rows=rows)
    for row in rows:
        print(TEXT.format(**row))


TEXT = "{kind} {stage:9} most {most:>10,.0f} B, left {left:>10,.0f} B, {faults:g} faults"


class Spent(NamedTuple):
    most: int
    left: int
    faults: int


class Street:
    """The daemon's stages, one after the other."""

    def __init__(self, bundle, most):
        """Load a bundle; `most`: pictures that its outbox takes."""
        runtime = Runtimes()
        self._form = variant.choose(ModelSettings(bundle.path), runtime).candidates[0]
        self._graph = runtime.load(self._form)
        self._rows = memory.aligned((1,) + ROW)
        metrics, topics = Metrics(CollectorRegistry()), Topics("labeld", "bench")
        outbox = Outbox(Bounds((most + WARM) * len(KINDS)), Outcomes(topics, metrics))
        self._sink = EventSink(
            DecideSettings(), topics, outbox, metrics, board=Board(pictures=False)
        )

    def measured(self, paths):
        """Return a row for each stage, medians over the pictures."""
        spent = {}
        for number, path in enumerate(paths[:WARM] + paths):
            for stage, one in self._passed(path):
                if number >= WARM:
                    spent.setdefault(stage, []).append(one)
        return [
            dict(
                {"stage": stage},
                **{
                    name: statistics.median(values)
                    for name, values in zip(Spent._fields, zip(*ones))
                },
            )
            for stage, ones in spent.items()
        ]

    def _passed(self, path):
        """Send a picture down the street; yield (stage, Spent)."""
        data, spent = watched(lambda: read_file(path))
        yield "read", spent
        frame = Frame("bench", "drop", os.path.basename(path), 0.0, time.monotonic(), lambda: data)
        identity, spent = watched(lambda: frame_id(frame, data))
        yield "name", spent
        header, spent = watched(lambda: checked(data))
        yield "check", spent
        image, spent = watched(lambda: decode(data, header, self._form.covering))
        yield "decode", spent
        spec = self._form.preprocessing
        _, spent = watched(lambda: preprocess_into(image, self._rows[0], spec))
        yield "prepare", spent
        outputs, spent = watched(lambda: self._graph.run(self._rows))
        yield "classify", spent
        prepared = Prepared(frame, identity, time.monotonic(), "live", self._rows[0])
        _, spent = watched(lambda: self._sink.labelled(prepared, outputs.of(0), self._form))
        yield "label", spent


def watched(work):
    """Return (what some work returns, its Spent)."""
    tracemalloc.start()
    try:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        found = work()
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
        left, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return found, Spent(most, left, faults)


if __name__ == "__main__":
    main()
