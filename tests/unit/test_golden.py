"""How far a machine's scores may be off the record, by what its graph computes in."""

import numpy as np
import pytest

from edge.classify import bundle, golden, writer
from edge.errors import BundleError
from tests.support import tiny

RECORDED = np.float32([0.40, 0.385, 0.215])


def check(tmp_path, precision, here):
    """Compare what a graph says here of one picture with RECORDED."""
    data = tiny.encode(tiny.picture("red"), ".png")
    sample = tiny.golden_sample("a.png", data)
    sample = sample._replace(scored=sample.scored._replace(scores=RECORDED))
    path = str(tmp_path / "bundle")
    writer.write(path, writer.Draft(tiny.save_nothing, tiny.LABELS, [sample], {}, {}))
    graph = tiny.FunctionGraph(lambda rows: np.float32([here] * len(rows)))
    form = bundle.read(path)
    if precision == "int8":
        golden_of_int8(form.path)
    return golden.check(form.as_run("openvino", precision), graph)


def golden_of_int8(path):
    writer.write_array(path + "/golden/int8_scores.npy", RECORDED[np.newaxis])


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_of_two_that_are_nearly_the_same_either_may_be_the_best_in_coarse_precision(
    tmp_path, precision
):
    assert check(tmp_path, precision, [0.39, 0.395, 0.215]) == pytest.approx(0.01, abs=1e-6)


@pytest.mark.parametrize(
    ("precision", "here", "reason"),
    [
        ("fp16", [0.39, 0.395, 0.215], "this machine calls it 'green & more', the record 'red'"),
        ("fp16", [0.43, 0.355, 0.215], "off the record"),
        ("fp32", [0.402, 0.383, 0.215], "off the record"),
        ("bf16", [0.29, 0.385, 0.325], "off the record"),
        ("bf16", [0.31, 0.29, 0.40], "off the record"),
        ("bf16", [0.305, 0.3, 0.31], "this machine calls it 'blue', the record 'red'"),
    ],
)
def test_what_differs_by_more_is_refused(tmp_path, precision, here, reason):
    with pytest.raises(BundleError, match=reason):
        check(tmp_path, precision, here)
