"""The proof that this machine reproduces a bundle: its golden samples, sent down the street."""

import itertools
from typing import Iterator, Optional, Sequence, Tuple

import numpy as np

from edge.batch.slots import Slots
from edge.classify.bundle import Bundle, GoldenSample
from edge.classify.outputs import Scored
from edge.classify.runtime import Graph
from edge.errors import BundleError, PictureError
from edge.prepare.preprocess import load_into

PIXEL_TOLERANCE = 2
"""Grey levels by which a pixel may differ: JPEG decoders of two machines round differently."""

MEAN_TOLERANCE = 0.1
"""Grey levels by which a picture may differ on average."""

SCORE_TOLERANCE = 1e-3
"""Largest difference of a score between two machines at FP32 (6.2e-5 was measured)."""

COARSE_TOLERANCES = {"fp16": 2e-2, "bf16": 0.1, "int8": 0.1}
"""The same for a graph that computes in less than FP32. Of 606 photographs of groceries in 43
classes none differed by more than 0.041 in bfloat16, and 99 in 100 by less than 0.029."""

STRICT = ("fp16",)
"""Here the best label must be the same whatever the scores: a conversion has proved that it is.
Elsewhere either of two that are nearer than the tolerance may be the best."""

FAMILIAR_TOLERANCE = 0.2
"""By how much what is said of how familiar a picture is may differ, at most."""


def tolerance(precision: str) -> float:
    """Return by how much a score may differ from the record at a bundle's precision."""
    return COARSE_TOLERANCES.get(precision, SCORE_TOLERANCE)


def familiar_tolerance(precision: str) -> float:
    """Return by how much it may differ how familiar a picture is: a share, which scores stretch."""
    return min(10 * tolerance(precision), FAMILIAR_TOLERANCE)


def check(bundle: Bundle, graph: Graph, slots: Optional[Slots] = None) -> float:
    """Decode, prepare, batch and classify the golden samples and compare with the record.

    Args:
        bundle: the Bundle.
        graph: its Graph.
        slots: the daemon's own Slots, unused at the time; None: some like them.

    Returns:
        The largest difference of a score.

    Raises:
        BundleError: this machine does not reproduce the bundle.
    """
    slots = slots or Slots(max_size=8, max_delay_seconds=0.0, batch_sizes=bundle.batch_sizes)
    worst = 0.0
    for sample, found in scored(bundle, bundle.golden(), graph, slots):
        worst = max(worst, _difference(bundle, sample, found))
    return worst


def scored(
    bundle: Bundle, samples: Sequence[GoldenSample], graph: Graph, slots: Slots
) -> Iterator[Tuple[GoldenSample, Scored]]:
    """Yield (sample, what is said of it here) of a bundle's golden samples.

    Args:
        bundle: the Bundle, for messages.
        samples: its golden samples.
        graph: what says it.
        slots: Slots that nothing else uses at the time.

    Raises:
        BundleError: this machine prepares a picture differently.
    """
    for some in _in_batches(samples, slots):
        for sample in some:
            slot = slots.acquire(timeout=1.0)
            assert slot is not None
            _prepare(bundle, sample, slot.row)
            slot.commit(sample)
        batch = slots.next_batch(timeout=60.0, is_coming=lambda: False)
        assert batch is not None
        outputs = graph.run(batch.rows)
        for number, sample in batch.items:
            yield sample, outputs.of(number)
        batch.release()


def _in_batches(samples: Sequence[GoldenSample], slots: Slots) -> Iterator[Sequence[GoldenSample]]:
    """Yield some at a time, in each size that the graph takes by turns: it is run at them all."""
    sizes = itertools.cycle(slots.sizes or (slots.max_size,))
    done = 0
    while done < len(samples):
        size = min(next(sizes), slots.max_size)
        yield samples[done : done + size]
        done += size


def _prepare(bundle: Bundle, sample: GoldenSample, row: np.ndarray) -> None:
    """Fill `row` from the file, then with the recorded pixels, which are as good as equal.

    So a difference of scores speaks of the graph alone, and not of the JPEG decoder's rounding.
    """
    try:
        load_into(sample.data, row, bundle.preprocessing)
    except PictureError as error:
        raise BundleError(bundle.path, "golden sample {}: {}".format(sample.name, error))
    off = np.abs(row.astype(np.int16) - sample.pixels)
    if off.max() > PIXEL_TOLERANCE or off.mean() > MEAN_TOLERANCE:
        raise BundleError(
            bundle.path,
            "golden sample {}: this machine prepares it up to {} grey levels off the record, "
            "{:.2f} on average (limits {} and {}): its OpenCV decodes it differently".format(
                sample.name, off.max(), off.mean(), PIXEL_TOLERANCE, MEAN_TOLERANCE
            ),
        )
    row[...] = sample.pixels


def difference(sample: GoldenSample, found: Scored) -> float:
    """Return the largest difference of a score between a golden sample and what is said of it."""
    return float(np.abs(found.scores - sample.scored.scores).max())


def _difference(bundle: Bundle, sample: GoldenSample, found: Scored) -> float:
    off, limit = difference(sample, found), tolerance(bundle.precision)
    if not off <= limit:
        raise BundleError(
            bundle.path,
            "golden sample {}: this machine's scores are {:.2g} off the record (limit {}): "
            "{} computes something else".format(sample.name, off, limit, bundle.form),
        )
    _check_familiar(bundle, sample, found)
    recorded = sample.scored.scores
    here, there = found.scores.argmax(), recorded.argmax()
    nearly = 0.0 if bundle.precision in STRICT else limit
    if here != there and recorded[there] - recorded[here] >= nearly:
        raise BundleError(
            bundle.path,
            "golden sample {}: this machine calls it {!r}, the record {!r}: make the bundle "
            "again here".format(sample.name, bundle.labels[here], bundle.labels[there]),
        )
    return off


def familiar_difference(sample: GoldenSample, found: Scored) -> float:
    """Return by how much it is more or less familiar than recorded; infinite if one is not said."""
    recorded, here = sample.scored.familiar, found.familiar
    if recorded is None or here is None:
        return 0.0 if recorded is here else float("inf")
    return abs(recorded - here)


def _check_familiar(bundle: Bundle, sample: GoldenSample, found: Scored) -> None:
    recorded, here = sample.scored.familiar, found.familiar
    limit = familiar_tolerance(bundle.precision)
    if not familiar_difference(sample, found) <= limit:
        raise BundleError(
            bundle.path,
            "golden sample {}: this machine calls it familiar by {}, the record by {} (limit {}): "
            "{} computes something else".format(sample.name, here, recorded, limit, bundle.form),
        )
