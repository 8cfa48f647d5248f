"""What a threshold gives, and the least that gives enough."""

import numpy as np
import pytest

from export import thresholds

BEST = np.array([0.95, 0.9, 0.8, 0.8, 0.6, 0.55])
RIGHT = np.array([True, True, True, False, True, False])
SCORES = np.stack([BEST, 1 - BEST], axis=1)
CLASSES = np.where(RIGHT, 0, 1)


def test_the_table_says_how_many_are_labelled_and_how_many_of_these_rightly():
    rows = {row["threshold"]: row for row in thresholds.table(SCORES, CLASSES)}
    assert rows[0.0] == {"threshold": 0.0, "labelled": 1.0, "precision": 0.6667, "recall": 0.6667}
    assert rows[0.9] == {"threshold": 0.9, "labelled": 0.3333, "precision": 1.0, "recall": 0.3333}
    assert rows[0.99] == {"threshold": 0.99, "labelled": 0.0, "precision": None, "recall": 0.0}
    assert "-" in thresholds.text(list(rows.values()))[-1]


@pytest.mark.parametrize(
    ("precision", "threshold"), [(0.5, 0.55), (0.7, 0.6), (0.8, 0.6), (0.9, 0.9), (1.0, 0.9)]
)
def test_the_least_threshold_that_gives_a_precision(precision, threshold):
    assert thresholds.least(SCORES, CLASSES, precision) == threshold


def test_where_none_gives_it_the_one_that_gives_most_is_taken():
    assert thresholds.least(SCORES, np.where(BEST > 0.9, 1, CLASSES), 0.99) == 0.6
