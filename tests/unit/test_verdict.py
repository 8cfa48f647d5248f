"""When a graph in less than FP32 is as right as the plain one."""

import numpy as np
import pytest

from edge.classify.outputs import Scored
from export.quantize import verdict
from export.quantize.verdict import Figures

PLAIN = Figures(600, 0.86, 0.806, 0.045, 0.82, 0.995)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"macro_f1": 0.8011, "accuracy": 0.7}, None),
        ({"macro_f1": 0.8009}, "macro-F1 is 0.0051 lower"),
        ({"macro_f1": 0.9}, None),
        ({"mean_score": 0.8399, "expected_calibration_error": 0.09}, None),
        ({"mean_score": 0.8401}, "scores are +0.0201 off"),
        ({"mean_score": 0.7999}, "scores are -0.0201 off"),
        ({"familiar_kept": 0.986}, None),
        ({"familiar_kept": 0.984}, "0.0110 more of the known pictures unfamiliar"),
    ],
)
def test_it_loses_little_or_is_not_served(change, reason):
    found = verdict.faults(PLAIN, PLAIN._replace(**change))
    assert len(found) == (reason is not None)
    assert reason is None or reason in found[0]


def test_the_figures_are_those_of_what_it_says():
    said = [Scored(np.float32([0.9, 0.1]), familiar) for familiar in (0.5, 0.001)]
    found = verdict.figures(("a", "b"), [0, 1], said)
    assert (found.pictures, found.accuracy, found.familiar_kept) == (2, 0.5, 0.5)
    assert found.macro_f1 == pytest.approx(1 / 3, abs=1e-4)
    assert found.expected_calibration_error == pytest.approx(0.4, abs=1e-4)
    assert found.mean_score == pytest.approx(0.9, abs=1e-4)
    assert verdict.figures(("a", "b"), [0], [Scored(np.float32([1, 0]))]).familiar_kept is None
