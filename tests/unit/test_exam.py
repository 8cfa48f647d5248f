"""What a graph in less than FP32 is compared with."""

import numpy as np
import pytest

from edge.classify.outputs import Scored
from export.pictures.photographs import Photograph
from export.quantize.exam import Exam

LABELS = ("a", "b")
PHOTOGRAPHS = [Photograph("{}.jpg".format(label), label) for label in LABELS]
RIGHT = [Scored(np.float32([0.9, 0.1])), Scored(np.float32([0.2, 0.8]), 0.5)]


def heads(*scores, familiar=0.001):
    """Return what a graph says whose heads give such scores."""
    return Scored(np.float32(scores), familiar)


@pytest.mark.parametrize(("answering", "accuracy"), [((0, 1), 1.0), ((1, 1), 0.5), ((1, 0), 0.0)])
def test_the_head_answers_that_has_not_learnt_the_picture(answering, accuracy):
    exam = Exam(PHOTOGRAPHS, RIGHT, answering)
    said = [heads(0.7, 0.3, 0.4, 0.6), heads(0.7, 0.3, 0.4, 0.6)]
    assert exam.figures_of(LABELS, said).accuracy == accuracy
    assert exam.figures(LABELS).accuracy == 1.0


def test_of_one_head_it_is_that():
    said = [heads(0.7, 0.3), heads(0.7, 0.3)]
    assert Exam(PHOTOGRAPHS, RIGHT).figures_of(LABELS, said).accuracy == 0.5


def test_how_familiar_is_compared_only_where_the_plain_graph_says_it():
    exam = Exam(PHOTOGRAPHS, RIGHT)
    said = [heads(0.9, 0.1, familiar=0.001), heads(0.2, 0.8, familiar=0.5)]
    assert exam.figures_of(LABELS, said).familiar_kept == 1.0
    assert exam.figures_of(LABELS, said[:1] + [heads(0.2, 0.8)]).familiar_kept == 0.0


def test_what_cannot_be_read_is_left_out():
    assert Exam(PHOTOGRAPHS, RIGHT).figures_of(LABELS, [None, heads(0.2, 0.8)]).pictures == 1
