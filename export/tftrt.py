"""A plain bundle as a TF-TRT one, on the device that will serve it: `labeld-export convert`."""

import os
import tempfile
import time
from collections import Counter
from dataclasses import replace
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Sequence, TypeVar

import numpy as np
import tensorflow as tf

from edge.batch.slots import Slots
from edge.classify import bundle as bundles
from edge.classify import golden, writer
from edge.classify.contents import read_file
from edge.classify.tensorflow import TensorFlowRuntime
from edge.errors import Exit, LabeldError
from edge.prepare.preprocess import ROW
from export import trt
from export.trt import Options

ENGINE_OP = "TRTEngineOp"

PLAIN = {"Placeholder", "Const", "Identity", "NoOp"}
"""Ops that compute nothing."""

INPUT_CAST = "Cast"
"""TensorRT takes no uint8: the cast of the input stays outside."""

STEP_ERRORS = (tf.errors.OpError, RuntimeError, ValueError, OSError)

T = TypeVar("T")


class Census(NamedTuple):
    """What became of the nodes of a graph that compute something.

    Attributes:
        engines: the names of its TRTEngineOps.
        inside: how many nodes are in these.
        outside: counts the ops of the others.
    """

    engines: List[str]
    inside: int
    outside: Counter


class ConversionError(LabeldError):
    """A bundle that cannot be converted here; the text says why, and what to do."""

    exit_code = Exit.BUNDLE


def run(path: str, out: str, options: Options) -> None:
    """Convert the bundle at `path` and write the result to `out`, whole or not at all.

    Raises:
        LabeldError: it cannot be done here, or the result does not do what the original does.
    """
    source = bundles.read(path)
    if source.conversion:
        source = source.plain()
    writer.check_target(out)
    _require_tensorrt(options)
    out = os.path.abspath(out)
    os.makedirs(os.path.dirname(out), exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".convert.", dir=os.path.dirname(out)) as folder:
        facts = _convert(source, os.path.join(folder, bundles.SAVED_MODEL), options)
        facts.update(proof(source, folder, options))
        draft = writer.Draft(
            lambda target: os.rename(os.path.join(folder, bundles.SAVED_MODEL), target),
            source.labels,
            source.golden(),
            source.scores,
            dict(source.made_with, converted_with=tf.__version__),
            precision=options.precision,
            batch_sizes=options.batch_sizes,
            threshold=source.threshold,
            tables=_tables(source),
            conversion=facts,
            plain_model=source.saved_model,
            preprocessing=source.preprocessing,
        )
        writer.write(out, draft)
    print("{}: written".format(out))


def census(graph: Any) -> Census:
    """Return the Census of a converted GraphDef."""
    engines = [node.name for node in graph.node if node.op == ENGINE_OP]
    segments = {name + "_native_segment" for name in engines}
    inside = [
        node.op
        for function in graph.library.function
        if function.signature.name in segments
        for node in function.node_def
        if node.op not in PLAIN
    ]
    outside = Counter(node.op for node in graph.node if node.op not in PLAIN | {ENGINE_OP})
    return Census(engines, len(inside), outside)


def _require_tensorrt(options: Options) -> None:
    missing = trt.missing(options.gpu_memory_mb)
    if missing:
        raise ConversionError(
            "it cannot be converted here: {}. Convert on the device that will serve the bundle, "
            "such as a Jetson TX2 with JetPack 4.6 and NVIDIA's TensorFlow: engines are bound to "
            "the GPU and to the version of TensorRT".format("; ".join(missing))
        )


def _convert(source: bundles.Bundle, folder: str, options: Options) -> Dict[str, Any]:
    """Convert, build the engines and save; return what the manifest says of it."""
    started = time.monotonic()
    converter = _step("create a converter", lambda: trt.converter(source.saved_model, options))
    graph = _step("convert the graph", lambda: converter.convert().graph.as_graph_def())
    counted = census(graph)
    _say_census(counted, options, time.monotonic() - started)
    seconds: Dict[int, float] = {}
    pixels = np.stack([sample.pixels for sample in source.golden()])
    _step(
        "build the engines",
        lambda: converter.build(lambda: _batches(pixels, options.batch_sizes, seconds)),
    )
    _step("save the graph", lambda: converter.save(folder))
    _check_engines(os.path.join(folder, "assets"), counted.engines)
    return {
        "source": source.content_hash,
        "fingerprint": TensorFlowRuntime().fingerprint(),
        "workspace_mb": options.workspace_mb,
        "minimum_segment_size": options.minimum_segment_size,
        "engines": len(counted.engines),
        "nodes_inside": counted.inside,
        "nodes_outside": sum(counted.outside.values()),
        "build_seconds": {str(size): round(took, 1) for size, took in seconds.items()},
    }


def _step(what: str, function: Callable[[], T]) -> T:
    try:
        return function()
    except STEP_ERRORS as error:
        raise ConversionError(
            "TensorFlow {} could not {}: {}; no bundle was written".format(
                tf.__version__, what, str(error).splitlines()[0]
            )
        )


def _say_census(counted: Census, options: Options, seconds: float) -> None:
    if not counted.engines:
        raise ConversionError(
            "TensorRT took no part of the graph of at least {} nodes; no bundle was written: try a "
            "smaller --minimum-segment-size".format(options.minimum_segment_size)
        )
    print(
        "converted in {:.1f} s: {} nodes in {} engine(s), {} outside".format(
            seconds, counted.inside, len(counted.engines), sum(counted.outside.values())
        )
    )
    left = {op: n for op, n in counted.outside.items() if (op, n) != (INPUT_CAST, 1)}
    if left or len(counted.engines) > 1:
        print(
            "warning: the graph was not taken whole, which costs speed: {} engines, and outside of "
            "them {}".format(len(counted.engines), left or "the cast of the input only")
        )


def _batches(
    pixels: np.ndarray, sizes: Sequence[int], seconds: Dict[int, float]
) -> Iterator[List[Any]]:
    """Yield a batch of pictures of each size, smallest first, and note how long each took.

    A larger engine would serve smaller batches too, and theirs would not be built.
    """
    for size in sorted(sizes):
        print("building the engine for batches of {}".format(size), end=" ", flush=True)
        started = time.monotonic()
        yield [tf.constant(np.resize(pixels, (size,) + ROW))]
        seconds[size] = time.monotonic() - started
        print("took {:.1f} s".format(seconds[size]), flush=True)


def _check_engines(folder: str, engines: Sequence[str]) -> None:
    """Refuse what `save` leaves if no engine was built: it says nothing of that."""
    for name in engines:
        path = os.path.join(folder, "trt-serialized-engine." + name)
        if not os.path.isfile(path) or os.path.getsize(path) == 0:
            raise ConversionError(
                "TensorFlow built no engine for {}: {} is missing or empty; no bundle was "
                "written".format(name, os.path.basename(path))
            )


def proof(source: bundles.Bundle, folder: str, options: Options) -> Dict[str, Any]:
    """Compare with the golden samples what the saved graph in `folder` gives, at each size.

    Returns:
        What the manifest says of it.

    Raises:
        ConversionError: it is too far off, and is not to be taken by force.
    """
    saved = replace(source, path=folder, graph=bundles.SAVED_MODEL)
    graph = TensorFlowRuntime().load(saved)
    off, familiar_off, results = 0.0, 0.0, []
    for size in options.batch_sizes:
        slots = Slots(size, max_delay_seconds=0.0, batch_sizes=(size,))
        for sample, found in golden.scored(source, source.golden(), graph, slots):
            off = max(off, golden.difference(sample, found))
            familiar_off = max(familiar_off, golden.familiar_difference(sample, found))
            results.append(found.scores.argmax() == sample.scored.scores.argmax())
    agreement = float(np.mean(results))
    limit = golden.tolerance(options.precision)
    said = (
        "scores up to {:.2g} off (limit {}), {:.1%} of the labels the same, how familiar they are "
        "up to {:.2g} off (limit {})".format(
            off, limit, agreement, familiar_off, golden.familiar_tolerance(options.precision)
        )
    )
    print("golden samples: " + said)
    sound = (
        off <= limit
        and agreement == 1.0
        and familiar_off <= golden.familiar_tolerance(options.precision)
    )
    if not sound and not options.force:
        raise ConversionError(
            "the converted graph does not do what the original does: {}; no bundle was written "
            "(--force writes it)".format(said)
        )
    return {
        "score_difference": off,
        "familiar_difference": familiar_off,
        "label_agreement": agreement,
        "forced": not sound,
    }


def _tables(source: bundles.Bundle) -> Dict[str, bytes]:
    paths = {name: os.path.join(source.path, name) for name in bundles.TABLES}
    return {name: read_file(path) for name, path in paths.items() if os.path.exists(path)}
