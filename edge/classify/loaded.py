"""A bundle ready to serve: its graph, and the buffers that the graph reads."""

import logging
import time
from typing import Callable, Dict, NamedTuple, Optional, Sequence

import numpy as np

from edge.batch.slots import Slots
from edge.classify import golden
from edge.classify.bundle import Bundle
from edge.classify.runtime import Graph, Runtime
from edge.config.settings import BatchSettings, ModelSettings
from edge.errors import BundleError
from edge.machine import memory

_log = logging.getLogger(__name__)

TIMED_RUNS = 3
"""The quickest of so many tells what a run takes."""


class LoadedModel(NamedTuple):
    """What classifies.

    Attributes:
        bundle: what it was loaded from.
        graph: uint8[n, 299, 299, 3] -> float32[n, classes].
        slots: whose batches the graph gets.
        seconds: {batch size: what a run of it takes}; empty if the graph takes any size.
        zero_copy: True if the graph reads their rows where they lie; None: nobody has looked.
        sizes: the batch sizes that the graph is run at; empty: any.
    """

    bundle: Bundle
    graph: Graph
    slots: Slots
    seconds: Dict[int, float]
    zero_copy: Optional[bool]
    sizes: Sequence[int] = ()

    def prove(self) -> None:
        """Show that the graph still reproduces the golden samples.

        Raises:
            BundleError: it does not.
        """
        golden.check(self.bundle, self.graph)


def load_best(
    candidates: Sequence[Bundle],
    model: ModelSettings,
    batch: BatchSettings,
    runtime: Runtime,
    on_bad: Callable[[Bundle], None] = lambda bundle: None,
) -> LoadedModel:
    """Load the first of some candidates that can be served.

    Args:
        candidates: as `edge.classify.variant` chooses them.
        model, batch: these sections of the configuration.
        runtime: what loads them.
        on_bad: called with one that cannot be served, unless it is the last.

    Raises:
        BundleError: not even the last can be served.
    """
    for bundle, following in zip(candidates, candidates[1:]):
        try:
            return load(bundle, model, batch, runtime)
        except BundleError as error:
            instead = "the plain graph serves, and is converted again"
            if not bundle.conversion:
                instead = "{} serves instead".format(following.form)
            _log.error("%s; %s", error, instead)
            on_bad(bundle)
    return load(candidates[-1], model, batch, runtime)


def load(
    bundle: Bundle, model: ModelSettings, batch: BatchSettings, runtime: Runtime
) -> LoadedModel:
    """Load a bundle's graph; show that it reads rows in place and reproduces the golden samples.

    Args:
        bundle: the Bundle.
        model, batch: these sections of the configuration.
        runtime: what loads it.

    Raises:
        BundleError: it cannot be served.
    """
    started = time.monotonic()
    graph = runtime.load(bundle, model.gpu_memory_mb)
    sizes = bundle.batch_sizes or graph.sizes(batch.max_size)
    slots = Slots(batch.max_size, batch.max_delay_ms / 1000, sizes)
    zero_copy = all(graph.shares_memory(buffer) for buffer in slots.buffers())
    if not zero_copy:
        _log.warning("rows are copied before the graph reads them: slower, not wrong")
    _try(bundle, graph, slots.buffers()[0])
    seconds = warm_up(graph, slots, sizes, len(bundle.golden_files))
    off = golden.check(bundle, graph, slots)
    memory.give_back()
    _log.info(
        "model %s by %s: %d classes, golden samples within %.1g, loaded in %.1f s, zero-copy: %s",
        bundle.model,
        bundle.form,
        len(bundle.labels),
        off,
        time.monotonic() - started,
        "yes" if zero_copy else "no",
    )
    return LoadedModel(bundle, graph, slots, seconds, zero_copy, sizes)


def _try(bundle: Bundle, graph: Graph, rows: np.ndarray) -> None:
    """Run a bundle's graph once; raise BundleError unless it says what the bundle says it does."""
    size = min(bundle.batch_sizes or (1,))
    try:
        outputs = graph.run(rows[:size])
    except MemoryError:
        raise
    except Exception as error:  # each runtime has its own, and the graph is the bundle's
        raise BundleError(
            bundle.saved_model,
            "its graph does not run: {}: {}".format(
                type(error).__name__, " ".join(str(error).split())
            ),
        )
    wanted = (size, len(bundle.labels))
    if outputs.scores.shape != wanted or outputs.scores.dtype != np.float32:
        raise BundleError(
            bundle.saved_model,
            "for {} pictures its graph gives {} of shape {}; for {} labels it must be float32 of "
            "shape {}".format(
                size, outputs.scores.dtype, outputs.scores.shape, len(bundle.labels), wanted
            ),
        )
    familiar = outputs.familiar
    if familiar is not None and (familiar.shape != (size,) or familiar.dtype != np.float32):
        raise BundleError(
            bundle.saved_model,
            "for {} pictures its graph gives familiarities of shape {}".format(
                size, familiar.shape
            ),
        )


def warm_up(
    graph: Graph, slots: Slots, batch_sizes: Sequence[int], samples: int = 0
) -> Dict[int, float]:
    """Run the graph at each size that it will see, so that no picture pays for the first run.

    Args:
        graph: the Graph.
        slots: Slots that nothing uses yet.
        batch_sizes: the only sizes the graph takes; empty: any.
        samples: so many golden samples it will be run over before any picture, in whole batches.

    Returns:
        {batch size: what a run of it takes, in seconds}; empty if it takes any size.
    """
    buffer = slots.buffers()[0]
    if not batch_sizes and samples < len(buffer):
        graph.run(buffer)
    seconds = {size: _time(graph, buffer[:size]) for size in batch_sizes if size <= len(buffer)}
    if seconds:
        _log.info(
            "a batch takes %s",
            ", ".join("{}: {:.1f} ms".format(n, 1000 * s) for n, s in sorted(seconds.items())),
        )
    return seconds


def _time(graph: Graph, rows: np.ndarray) -> float:
    graph.run(rows)
    took = []
    for _ in range(TIMED_RUNS):
        started = time.monotonic()
        graph.run(rows)
        took.append(time.monotonic() - started)
    return min(took)
