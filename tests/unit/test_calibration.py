"""Scores that are as often right as they say."""

import numpy as np
import pytest
from scipy.special import softmax

from export import reliability
from export.recipe import calibration


@pytest.fixture
def known():
    """(logits, classes) of 4,000 pictures whose scores are as often right as they say."""
    chance = np.random.RandomState(1)
    logits = chance.normal(scale=2.0, size=(4000, 3))
    scores = softmax(logits, axis=1)
    return logits, np.array([chance.choice(3, p=score) for score in scores])


@pytest.mark.parametrize("times", [0.2, 1.0, 5.0])
def test_the_temperature_undoes_too_much_or_too_little_confidence(known, times):
    logits, classes = known
    found = calibration.temperature(times * logits, classes, np.ones(len(classes)))
    assert found == pytest.approx(times, rel=0.07)


def test_the_error_is_small_for_honest_scores_and_large_for_bold_ones(known):
    logits, classes = known
    honest = reliability.table(softmax(logits, axis=1), classes)
    bold = reliability.table(softmax(5 * logits, axis=1), classes)
    assert reliability.expected_error(honest) < 0.03
    assert reliability.expected_error(bold) > 0.15
    assert sum(row["pictures"] for row in honest) == len(classes)
    for row in honest:
        assert row["from"] <= row["score"] <= row["to"]


def test_the_error_is_that_of_the_definition():
    scores = np.array([[0.95, 0.05], [0.95, 0.05], [0.65, 0.35], [0.35, 0.65]])
    table = reliability.table(scores, np.array([0, 1, 0, 1]))
    assert table == [
        {"from": 0.6, "to": 0.7, "pictures": 2, "score": 0.65, "right": 1.0},
        {"from": 0.9, "to": 1.0, "pictures": 2, "score": 0.95, "right": 0.5},
    ]
    assert reliability.expected_error(table) == pytest.approx((2 * 0.35 + 2 * 0.45) / 4)
