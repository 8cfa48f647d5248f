"""From scores to a decision."""

import numpy as np
import pytest

from edge.classify.outputs import Scored
from edge.decide.threshold import UNFAMILIAR, UNKNOWN, UNSURE, decide

LABELS = ("apple", "bread", "cheese")
SCORED = Scored(np.array([0.25, 0.5, 0.25], np.float32))


@pytest.mark.parametrize(
    ("threshold", "label"), [(0.0, "bread"), (0.5, "bread"), (0.51, UNKNOWN), (1.0, UNKNOWN)]
)
def test_below_the_threshold_it_is_unknown_with_the_best_score_told(threshold, label):
    decision = decide(SCORED, LABELS, threshold, top=1)
    assert (decision.label, decision.score) == (label, 0.5)
    assert decision.reason == (UNSURE if label == UNKNOWN else None)
    assert decision.familiar is None


@pytest.mark.parametrize(
    ("familiar", "known", "reason"),
    [(0.02, 0.99, None), (0.009, 0.99, UNFAMILIAR), (0.0, 1.0, None), (0.04, 0.95, UNFAMILIAR)],
)
def test_what_is_less_familiar_than_known_pictures_is_unknown_whatever_its_score(
    familiar, known, reason
):
    decision = decide(SCORED._replace(familiar=familiar), LABELS, 0.5, top=1, known=known)
    assert decision.reason == reason
    assert decision.label == (UNKNOWN if reason else "bread")
    assert (decision.score, decision.familiar) == (0.5, familiar)


def test_the_best_are_listed_in_order_and_equals_in_the_order_of_the_labels():
    decision = decide(SCORED, LABELS, 0.9, top=2)
    assert decision.top == (("bread", 0.5), ("apple", 0.25))


def test_a_list_longer_than_the_labels_has_them_all():
    assert len(decide(SCORED, LABELS, 0.0, top=10).top) == 3
