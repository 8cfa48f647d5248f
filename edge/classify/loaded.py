"""A bundle ready to serve: its graph, and the buffers that the graph reads."""

import logging
import time
from typing import Callable, Dict, NamedTuple, Optional, Sequence

import numpy as np

from edge.batch.slots import Slots
from edge.classify import golden
from edge.classify.bundle import Bundle
from edge.classify.runtime import Graph, Runtime
from edge.classify.timed import TimedGraph
from edge.config.settings import BatchSettings, ModelSettings
from edge.errors import BundleError
from edge.machine import memory

_log = logging.getLogger(__name__)


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
    timed = TimedGraph(graph)
    sizes = bundle.batch_sizes or graph.sizes(batch.max_size)
    slots = Slots(batch.max_size, batch.max_delay_ms / 1000, sizes)
    zero_copy = all(graph.shares_memory(buffer) for buffer in slots.buffers())
    if not zero_copy:
        _log.warning("rows are copied before the graph reads them: slower, not wrong")
    _try(bundle, timed, slots.buffers()[0])
    off = golden.check(bundle, timed, slots)
    seconds = timed.warm_up(slots.buffers()[0], sizes)
    if seconds:
        _log.info(
            "a batch takes %s",
            ", ".join("{}: {:.1f} ms".format(n, 1000 * s) for n, s in sorted(seconds.items())),
        )
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
