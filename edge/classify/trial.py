"""One form of a bundle, tried on this machine in a process of its own, which may die of it.

`python -m edge.classify.trial` is that process.
"""

import argparse
import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import List, NamedTuple, Optional, Sequence, Tuple

from edge import command
from edge.classify import bundle as bundles
from edge.classify import golden
from edge.classify.bundle import Bundle
from edge.classify.runtime import Graph
from edge.classify.runtimes import Runtimes
from edge.errors import BundleError, Exit
from edge.machine import memory
from edge.prepare.preprocess import ROW

BATCH = 8
"""The size of batch that is timed: the usual `batch.max_size`."""

TIMED_SECONDS = 0.6
LEAST_RUNS = 3

NEARLY = 0.95
"""What is better otherwise is taken if it is at least so many times as fast as the fastest."""

LIMIT_SECONDS = 120.0
"""A form that has not answered by then is not served."""


class Speed(NamedTuple):
    """What became of a form that was tried.

    Attributes:
        per_second: pictures, in the fastest batch of BATCH, since what else runs here only makes
            some slower; None: it cannot be served.
        refused: why not, or None.
        streams: in so many it is to be run; see `Bundle.streams`.
    """

    per_second: Optional[float]
    refused: Optional[str] = None
    streams: int = 1

    def __str__(self) -> str:
        if self.per_second is None:
            return "not served ({})".format(self.refused)
        streams = " in {} streams".format(self.streams) if self.streams > 1 else ""
        return "{:.1f} a second{}".format(self.per_second, streams)


def tried(form: Bundle, gpu_memory_mb: Optional[int] = None) -> Speed:
    """Return the Speed of a form here, now."""
    arguments = [form.path, form.graph, form.runtime, form.precision]
    arguments += ["--gpu-memory-mb", str(gpu_memory_mb)] if gpu_memory_mb is not None else []
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__] + arguments,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=LIMIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Speed(None, "no answer within {:.0f} s".format(LIMIT_SECONDS))
    if done.returncode == 0:
        return Speed(**json.loads(done.stdout.decode("utf-8").splitlines()[-1]))
    if done.returncode < 0:
        return Speed(None, "it ended by {}".format(signal.Signals(-done.returncode).name))
    complaint = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    return Speed(None, complaint or "exit code {}".format(done.returncode))


def measure(form: Bundle, gpu_memory_mb: Optional[int] = None) -> Speed:
    """Return how many pictures a second a form classifies here, and in how many streams.

    Raises:
        BundleError: it cannot be loaded, or does not reproduce the golden samples.
    """
    runtime = Runtimes()
    found: List[Tuple[float, int]] = []
    for streams in runtime.streams(form):
        graph = runtime.load(form.in_streams(streams), gpu_memory_mb)
        if not found:
            golden.check(form, graph)
        found.append((_per_second(graph), streams))
    return best(found)


def best(found: Sequence[Tuple[float, int]]) -> Speed:
    """Return which of some numbers of streams it is to be: the greatest that is nearly the fastest.

    With pictures to be prepared on the same cores, which a trial has none of, more streams are
    ahead: no core waits for another to end its part of a picture. On two cores where the trial
    could not tell one stream from two, the daemon labelled 3 to 5 % more JPEGs of 1080p in two, in
    each precision, and 2 % fewer PNGs.

    Args:
        found: (pictures a second, streams).
    """
    least = NEARLY * max(per_second for per_second, _ in found)
    streams, per_second = max((many, speed) for speed, many in found if speed >= least)
    return Speed(per_second, streams=streams)


def _per_second(graph: Graph) -> float:
    rows = memory.aligned((BATCH,) + ROW)
    graph.run(rows)
    took: List[float] = []
    end = time.monotonic() + TIMED_SECONDS
    while len(took) < LEAST_RUNS or time.monotonic() < end:
        began = time.monotonic()
        graph.run(rows)
        took.append(time.monotonic() - began)
    return BATCH / min(took)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="try one form of a bundle")
    for name in ("path", "graph", "runtime", "precision"):
        parser.add_argument(name)
    parser.add_argument("--gpu-memory-mb", type=int)
    parser.set_defaults(command=_try)
    return parser


def _try(options: argparse.Namespace) -> Exit:
    plain = replace(bundles.read(options.path), graph=options.graph)
    form = plain.as_run(options.runtime, options.precision)
    try:
        print(json.dumps(measure(form, options.gpu_memory_mb)._asdict()))
    except (MemoryError, ValueError, RuntimeError) as error:  # a runtime's own, of the graph
        raise BundleError(form.saved_model, "it does not run: {}".format(error))
    return Exit.OK


if __name__ == "__main__":
    sys.exit(command.run(_parser()))
