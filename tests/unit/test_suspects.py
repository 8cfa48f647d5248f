"""Which pictures to look at: wrong labels, near-duplicates, and classes that need more."""

import numpy as np
import pytest

from edge.config.settings import DecideSettings
from export import assessment, tables
from export.pictures.photographs import Photograph
from export.recipe import curve, suspects
from export.recipe.curve import Point
from export.recipe.features import Features
from export.recipe.heads import HeadFitter
from export.recipe.lookalikes import Pair
from export.recipe.search import Fixed, Search

CLASSES, CHANNELS, WRONG = 4, 40, 0.05


def pictures(count, overlap=1.6, seed=1):
    """Return (features, classes) of pictures that overlap."""
    chance = np.random.RandomState(seed)
    classes = np.arange(count) % CLASSES
    rows = chance.normal(size=(CLASSES, CHANNELS))[classes]
    rows = rows + overlap * chance.normal(size=rows.shape)
    return Features({"mixed8": rows.astype(np.float16)[:, np.newaxis]}), classes


def compared(features, classes):
    """Return (fitter, folds, choice) of a search of one recipe in five folds."""
    alone = np.arange(len(classes))
    fitter = HeadFitter(features, classes, alone, balanced=True, hidden=None)
    folds = alone // CLASSES % 5
    search = Search(fitter, folds, lambda fits, best: None)
    return fitter, folds, search.run(0, Fixed(("mixed8",), "linear", 0.01))


def test_most_planted_wrong_labels_are_among_the_first_tenth():
    features, right = pictures(400)
    chance = np.random.RandomState(2)
    planted = chance.permutation(400)[: int(WRONG * 400)]
    labelled = right.copy()
    labelled[planted] = (right[planted] + chance.randint(1, CLASSES, len(planted))) % CLASSES
    _, _, choice = compared(features, labelled)
    logits = choice.logits - choice.logits.max(axis=1, keepdims=True)
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = suspects.find(scores, labelled)
    first = {one.number for one in found[:40]}
    assert len(first & set(planted)) >= 0.8 * len(planted)
    assert all(one.other != labelled[one.number] for one in found)


def test_pictures_that_no_model_has_left_out_are_no_suspects():
    scores = np.array([[0.1, 0.9], [np.nan, np.nan], [0.8, 0.2], [0.4, 0.6]])
    found = suspects.find(scores, np.array([0, 0, 0, 0]))
    assert [one.number for one in found] == [0, 3]
    assert found[0] == suspects.Suspect(0, 0.1, 1, 0.9)


def test_tables_name_the_files_relative_to_their_folder_with_both_labels():
    photographs = [Photograph("d/a/1.png", "a"), Photograph("d/b/2.png", "b")]
    found = tables.suspects([suspects.Suspect(1, 0.1, 0, 0.9)], photographs, ("a", "b"), "d")
    assert found.decode().splitlines() == [
        "file\tlabel\tscore\tother_label\tother_score",
        "b/2.png\tb\t0.1000\ta\t0.9000",
    ]


def test_near_duplicates_with_different_labels_come_first():
    photographs = [Photograph("d/{}".format(n), label) for n, label in enumerate("aab")]
    found = tables.duplicates([Pair(0, 1, 0.99), Pair(0, 2, 0.96)], photographs, "d")
    assert found.decode().splitlines()[1:] == ["0\ta\t2\tb\t0.9600", "0\ta\t1\ta\t0.9900"]


def test_the_learning_curve_rises_to_what_cross_validation_has():
    fitter, folds, choice = compared(*pictures(300, overlap=2.5))
    points = curve.measured(fitter, choice.candidate, folds, choice.logits)
    assert [point.pictures for point in points] == [60.0, 120.0, 240.0]
    accuracies = [point.accuracy for point in points]
    assert accuracies == sorted(accuracies)
    assert accuracies[-1] == np.mean(choice.logits.argmax(axis=1) == fitter.classes)
    assert "by 480" in assessment.curve_text(points)


def test_of_no_folds_there_is_no_curve():
    fitter, folds, choice = compared(*pictures(40))
    assert curve.measured(fitter, choice.candidate, np.full(40, -1), choice.logits) == []


@pytest.mark.parametrize(
    ("errors", "expected"),
    [((0.4, 0.2, 0.1), 0.95), ((0.2, 0.2, 0.2), 0.8), ((0.1, 0.2, 0.2), 0.83)],
)
def test_twice_the_pictures_go_on_as_the_curve_does_and_never_do_worse(errors, expected):
    points = [Point(25.0 * 2**n, 1.0 - error) for n, error in enumerate(errors)]
    assert curve.expected(points, 200.0) == pytest.approx(expected, abs=0.02)


def test_classes_with_few_pictures_are_told_the_poorest_first():
    classes = np.repeat([0, 1, 2], [3, 40, 2])
    assert assessment.few(("a", "b", "c"), classes) == [("c", 2), ("a", 3)]


def test_the_share_of_pictures_that_keep_their_label_is_that_at_the_daemon_s_default():
    assert DecideSettings().familiar == assessment.KNOWN
    assert assessment.familiar_kept(np.array([0.009, 0.02, 0.5, 1.0])) == 0.75
