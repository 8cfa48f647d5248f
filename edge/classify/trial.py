"""Which form of a bundle is the fastest on this machine: tried, each in a process of its own.

`python -m edge.classify.trial` is that process. What it finds is kept beside the bundle, and tried
again when the processor, the libraries, labeld or the bundle have changed.
"""

import argparse
import json
import logging
import os
import signal
import statistics
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from edge import __version__, command
from edge.classify import bundle as bundles
from edge.classify import golden
from edge.classify.bundle import Bundle
from edge.classify.runtimes import Runtimes
from edge.errors import BundleError, Exit
from edge.machine import memory
from edge.machine.processor import installed, processor
from edge.prepare.preprocess import ROW

BATCH = 8
"""The size of batch that is timed: the usual `batch.max_size`."""

TIMED_SECONDS = 0.6
LEAST_RUNS = 3

LIMIT_SECONDS = 120.0
"""A form that has not answered by then is not served."""

NEARLY = 0.95
"""A form listed before another is rather taken if it is at least so many times as fast."""

PACKAGES = ("tensorflow", "openvino")

SUFFIX = ".speeds.json"
"""Of the file beside a bundle."""

_log = logging.getLogger(__name__)


class Speed(NamedTuple):
    """What became of a form that was tried.

    Attributes:
        per_second: pictures, in batches of BATCH; None: it cannot be served.
        refused: why not, or None.
    """

    per_second: Optional[float]
    refused: Optional[str] = None


Speeds = Dict[str, Speed]
"""By `Bundle.form`."""


def speeds(forms: Sequence[Bundle], folder: str, gpu_memory_mb: Optional[int] = None) -> Speeds:
    """Return the Speeds of the forms of one bundle: as they are remembered, or tried now.

    Args:
        forms: of `Runtime.forms`.
        folder: where they are remembered if that cannot be beside the bundle.
        gpu_memory_mb: see `Runtime.load`.
    """
    path, facts = forms[0].path, _facts(forms[0])
    places = [
        path + SUFFIX,
        os.path.join(folder, "{}{}".format(forms[0].content_hash[:12], SUFFIX)),
    ]
    for place in places:
        found = _remembered(place, facts)
        if all(form.form in found for form in forms):
            return found
    _log.info("%s: trying which of its forms is the fastest here, once", path)
    found = {form.form: _tried(form, gpu_memory_mb) for form in forms}
    if not any(_remember(place, facts, found) for place in places):
        _log.info("which is the fastest is tried again at the next start: %s", " and ".join(places))
    return found


def ranked(forms: Sequence[Bundle], found: Speeds) -> List[Bundle]:
    """Return those of some forms that can be served, the fastest first."""
    best: List[Bundle] = []
    for form in forms:
        per_second = found[form.form].per_second
        if per_second is None:
            continue
        slower = [one for one in best if (found[one.form].per_second or 0.0) < per_second * NEARLY]
        best.insert(len(best) - len(slower), form)
    return best


def text(forms: Sequence[Bundle], found: Speeds) -> str:
    """Return in words how fast some forms are."""
    told = []
    for form in forms:
        speed = found[form.form]
        told.append(
            "{}: {}".format(
                form.form,
                "not served ({})".format(speed.refused)
                if speed.per_second is None
                else "{:.1f} a second".format(speed.per_second),
            )
        )
    return ", ".join(told)


def _facts(bundle: Bundle) -> Dict[str, Any]:
    """Return what a trial holds for."""
    return {
        "labeld": __version__,
        "bundle": bundle.content_hash,
        "machine": processor(),
        "packages": installed(PACKAGES),
    }


def _remembered(place: str, facts: Dict[str, Any]) -> Speeds:
    try:
        with open(place, encoding="utf-8") as file:
            kept = json.load(file)
        if kept["facts"] != facts:
            return {}
        return {form: Speed(**speed) for form, speed in kept["speeds"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _remember(place: str, facts: Dict[str, Any], found: Speeds) -> bool:
    """Write it there; return False if that cannot be done."""
    kept = {"facts": facts, "speeds": {form: speed._asdict() for form, speed in found.items()}}
    draft = "{}.{}".format(place, os.getpid())
    try:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(draft, "w", encoding="utf-8") as file:
            json.dump(kept, file, indent=1, sort_keys=True)
        os.replace(draft, place)
    except OSError:
        with suppress(OSError):
            os.unlink(draft)
        return False
    return True


def _tried(form: Bundle, gpu_memory_mb: Optional[int]) -> Speed:
    """Try a form in a process of its own, which may die of it."""
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
        return Speed(float(done.stdout.split()[-1]))
    if done.returncode < 0:
        return Speed(None, "it ended by {}".format(signal.Signals(-done.returncode).name))
    complaint = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    return Speed(None, complaint or "exit code {}".format(done.returncode))


def measure(form: Bundle, gpu_memory_mb: Optional[int] = None) -> float:
    """Return how many pictures a second a form classifies here.

    Raises:
        BundleError: it cannot be loaded, or does not reproduce the golden samples.
    """
    graph = Runtimes().load(form, gpu_memory_mb)
    golden.check(form, graph)
    rows = memory.aligned((BATCH,) + ROW)
    graph.run(rows)
    took: List[float] = []
    end = time.monotonic() + TIMED_SECONDS
    while len(took) < LEAST_RUNS or time.monotonic() < end:
        began = time.monotonic()
        graph.run(rows)
        took.append(time.monotonic() - began)
    return BATCH / statistics.median(took)


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
        print(measure(form, options.gpu_memory_mb))
    except (MemoryError, ValueError, RuntimeError) as error:  # a runtime's own, of the graph
        raise BundleError(form.saved_model, "it does not run: {}".format(error))
    return Exit.OK


if __name__ == "__main__":
    sys.exit(command.run(_parser()))
