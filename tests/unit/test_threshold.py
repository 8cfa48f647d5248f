"""From scores to a decision."""

import numpy as np
import pytest

from edge.decide.threshold import UNKNOWN, decide

LABELS = ("apple", "bread", "cheese")
SCORES = np.array([0.25, 0.5, 0.25], np.float32)


@pytest.mark.parametrize(
    ("threshold", "label"), [(0.0, "bread"), (0.5, "bread"), (0.51, UNKNOWN), (1.0, UNKNOWN)]
)
def test_below_the_threshold_it_is_unknown_with_the_best_score_told(threshold, label):
    decision = decide(SCORES, LABELS, threshold, top=1)
    assert (decision.label, decision.score) == (label, 0.5)


def test_the_best_are_listed_in_order_and_equals_in_the_order_of_the_labels():
    decision = decide(SCORES, LABELS, 0.9, top=2)
    assert decision.top == (("bread", 0.5), ("apple", 0.25))


def test_a_list_longer_than_the_labels_has_them_all():
    assert len(decide(SCORES, LABELS, 0.0, top=10).top) == 3
