"""A frozen graph in 8 bits, by NNCF, for OpenVINO: post-training quantisation (arXiv:2002.08679).

Convolutions and what lies between them compute in 8 bits; the head, and what tells how familiar a
picture is, in floats: they are a thousandth of the work, and on a whitened distance 8 bits leave
nothing. Of 606 photographs of groceries the macro-F1 fell from 0.806 to 0.720 with them in 8 bits,
and how familiar they are was off by 0.24 on average; with floats it was 0.806, and off by 0.025.
"""

import os
import time
from typing import Any, Dict, FrozenSet, Iterable, List, Sequence, Tuple

import numpy as np

from edge.classify.bundle import SCORES
from edge.classify.openvino import DEVICE, INT8_FILE, only_core, openvino

MOST_DIFFERENT = 0.005
"""Of the labels: layers are put back into floats until so few are different."""

MOST_LAYERS = 20
"""So many are put back, at most: each costs an evaluation, and speed."""

MOST_SECONDS = 300.0
"""So long it may take to find them."""

Judged = Tuple[int, np.ndarray]
"""The number of a picture, and the picture."""


class TooLongError(Exception):
    """The layers that do the most harm were not found within MOST_SECONDS."""


def quantized(saved_model: str, rows: Sequence[np.ndarray]) -> Any:
    """Return an OpenVINO model in 8 bits.

    Args:
        saved_model: the plain graph's folder.
        rows: uint8[299, 299, 3] each, pictures as prepared, such as it will see.
    """
    nncf, plain = _nncf(), _fused(saved_model)
    return nncf.quantize(
        plain,
        _dataset(nncf, rows),
        advanced_parameters=_advanced(nncf),
        **_parameters(nncf, plain, rows),
    )


def controlled(
    saved_model: str, rows: Sequence[np.ndarray], judged_by: Sequence[np.ndarray], classes: int
) -> Any:
    """Return an OpenVINO model in 8 bits but for the layers that do the most harm.

    Args:
        saved_model, rows: see `quantized`.
        judged_by: uint8[299, 299, 3] each, pictures whose labels are to stay the same.
        classes: how many scores each of the graph's heads gives.

    Raises:
        TooLongError: they are not found in time.
    """
    deadline = time.monotonic() + MOST_SECONDS
    nncf, plain = _nncf(), _fused(saved_model)
    before = _labels(only_core().compile_model(plain, DEVICE), judged_by, classes)

    def same(compiled: Any, some: Iterable[Judged]) -> Tuple[float, List[float]]:
        if time.monotonic() > deadline:
            raise TooLongError(
                "the layers that do the most harm were not found within {:.0f} s".format(
                    MOST_SECONDS
                )
            )
        numbers, pictures = zip(*some)
        labels = _labels(compiled, pictures, classes)
        found = (labels == before[list(numbers)]).mean(axis=1)
        return float(found.mean()), found.tolist()

    return nncf.quantize_with_accuracy_control(
        plain,
        _dataset(nncf, rows),
        nncf.Dataset(list(enumerate(judged_by)), lambda judged: judged[1][np.newaxis]),
        validation_fn=same,
        max_drop=MOST_DIFFERENT,
        drop_type=nncf.DropType.ABSOLUTE,
        advanced_quantization_parameters=_advanced(nncf),
        advanced_accuracy_restorer_parameters=nncf.AdvancedAccuracyRestorerParameters(
            max_num_iterations=MOST_LAYERS
        ),
        **_parameters(nncf, plain, rows),
    )


def grafted(trunk: Any, saved_model: str) -> Any:
    """Return an OpenVINO model of a plain graph in floats on the base of another in 8 bits.

    Args:
        trunk: that other, with each block whose averages the graph uses.
        saved_model: the plain graph's folder.
    """
    plain, base = _fused(saved_model), trunk.clone()
    given = _averages(base)
    for depth, average in _averages(plain).items():
        for target in average.get_target_inputs():
            target.replace_source_output(given[depth])
    return openvino().Model(plain.get_results(), base.get_parameters())


def tail(model: Any) -> List[str]:
    """Return the names of the operations after the averages over each picture, of a graph."""
    return [
        one.get_friendly_name()
        for one in model.get_ordered_ops()
        if one.get_type_name() not in ("Constant", "Parameter", "Result")
        and all(_is_flat(output) for output in one.outputs())
        and all(_is_flat(given.get_source_output()) for given in one.inputs())
    ]


def save(model: Any, folder: str) -> None:
    """Save a model in `folder`, which is made."""
    os.mkdir(folder)
    # what is left in floats stays in 32 bits
    openvino().save_model(model, os.path.join(folder, INT8_FILE), compress_to_fp16=False)


def _labels(compiled: Any, rows: Sequence[np.ndarray], classes: int) -> np.ndarray:
    """Return int[n, heads], the best class of each of `rows` by each head."""
    request = compiled.create_infer_request()
    scores = np.concatenate([request.infer([row[np.newaxis]])[SCORES] for row in rows])
    labels: np.ndarray = scores.reshape(len(rows), -1, classes).argmax(axis=2)
    return labels


def _is_flat(output: Any) -> bool:
    rank = output.partial_shape.rank
    return rank.is_static and rank.get_length() <= 2


def _averages(model: Any) -> Dict[int, Any]:
    """Return {how many convolutions lie before it: the average over each picture}, of a graph.

    By that number blocks are the same in graphs that end at different ones.
    """
    before: Dict[str, FrozenSet[str]] = {}
    found = {}
    for one in model.get_ordered_ops():
        name, kind = one.get_friendly_name(), one.get_type_name()
        sources = [given.get_source_output() for given in one.inputs()]
        met = frozenset([name] if kind == "Convolution" else [])
        before[name] = met.union(
            *(before[source.get_node().get_friendly_name()] for source in sources)
        )
        if kind == "ReduceMean" and _is_flat(one.output(0)) and not _is_flat(sources[0]):
            found[len(before[name])] = one.output(0)
    return found


def _fused(saved_model: str) -> Any:
    """Return the plain graph with its batch normalisation in its convolutions.

    Only there does NNCF find the biases by which it corrects what 8 bits shift.
    """
    return openvino().convert_model(saved_model)


def _parameters(nncf: Any, plain: Any, rows: Sequence[np.ndarray]) -> Dict[str, Any]:
    return {
        "preset": nncf.QuantizationPreset.MIXED,
        "subset_size": len(rows),
        "ignored_scope": nncf.IgnoredScope(names=tail(plain)),
    }


def _advanced(nncf: Any) -> Any:
    """Return what makes ranges hold all that the pictures gave.

    NNCF's own end at the mean of what each picture gave at the most, and cut off the rest: a good
    part of the error. By 100 pictures, what 8 bits make of averages was off by 0.21 of what these
    vary by on stamps and by 0.125 on groceries, over all blocks; with these, by 0.13 and 0.12.
    """
    from nncf.quantization.range_estimator import RangeEstimatorParametersSet

    return nncf.AdvancedQuantizationParameters(
        activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX
    )


def _dataset(nncf: Any, rows: Sequence[np.ndarray]) -> Any:
    return nncf.Dataset(list(rows), lambda row: row[np.newaxis])


def _nncf() -> Any:
    """Import NNCF, which tells its makers of nothing after `openvino`, and is quiet."""
    openvino()
    import nncf

    nncf.set_log_level(30)  # logging.WARNING
    return nncf
