"""How pictures are divided: look-alikes on one side, each class in proportion."""

import numpy as np
import pytest

from edge.errors import LabeldError
from export.recipe import folds
from export.recipe.lookalikes import Lookalikes


def classes_of(**counts):
    """Return int[n], so many of each class."""
    return np.repeat(np.arange(len(counts)), list(counts.values()))


def without_copies(groups, same):
    return Lookalikes(groups, same, np.arange(len(groups)), [])


def sides(groups, part):
    """Return how many groups stand on both sides of a part."""
    return len(np.intersect1d(groups[part], groups[~part]))


@pytest.fixture
def shelf():
    """Forty pictures of a class in bursts of four, ten of another one by one, two of a third."""
    classes = classes_of(many=40, few=10, two=2)
    groups = np.concatenate([np.arange(40) // 4, 100 + np.arange(12)])
    return classes, groups


def test_a_fifth_of_each_class_is_held_out_and_bursts_stay_together(shelf):
    classes, groups = shelf
    held = folds.hold_out(classes, groups, seed=1)
    assert np.bincount(classes[held]).tolist() == [8, 2, 1]
    assert sides(groups, held) == 0
    assert np.array_equal(held, folds.hold_out(classes, groups, seed=1))
    assert not np.array_equal(held, folds.hold_out(classes, groups, seed=2))


def test_each_fold_has_its_share_of_each_class_and_bursts_stay_together(shelf):
    classes, groups = shelf
    found = folds.folds(classes, groups, 5, seed=1)
    for number in range(5):
        assert np.sum(found[classes == 0] == number) == 8
        assert np.sum(found[classes == 1] == number) == 2
        assert sides(groups, found == number) == 0
    assert len(set(found[classes == 2])) == 2, "each of the two is seen once by the other"


def test_a_class_that_is_all_one_burst_always_trains():
    classes, groups = classes_of(plain=20, burst=6), np.append(np.arange(20), [99] * 6)
    assert not folds.hold_out(classes, groups, seed=1)[classes == 1].any()
    found = folds.folds(classes, groups, 5, seed=1)
    assert set(found[classes == 1]) == {folds.NEVER}
    assert sorted(set(found[classes == 0])) == [0, 1, 2, 3, 4]


def test_no_part_takes_the_last_picture_of_a_class_even_if_classes_share_bursts():
    chance = np.random.RandomState(1)
    for _ in range(50):
        classes = chance.randint(0, 6, 40)
        groups = chance.randint(0, 12, 40)
        found = folds.folds(classes, groups, 4, seed=1)
        parts = [folds.hold_out(classes, groups, seed=1)] + [found == n for n in range(4)]
        for part in parts:
            assert set(classes[~part]) == set(classes)
            assert sides(groups, part) == 0


def test_a_plan_always_holds_something_out_and_leaves_each_class_to_learn_from():
    chance = np.random.RandomState(1)
    for _ in range(300):
        classes = np.append(np.repeat(np.arange(3), 2), chance.randint(0, 3, 8))
        groups = chance.randint(0, chance.randint(1, 15), len(classes))
        found = folds.plan(classes, without_copies(groups, np.arange(len(groups))), 3, seed=1)
        assert found.held_out.any()
        assert set(classes[~found.held_out]) == {0, 1, 2}
        assert sides(found.groups, found.held_out) == 0
        assert np.array_equal(found.folds == folds.OUT, found.held_out)


def test_a_users_own_split_takes_near_duplicates_along_unless_a_class_were_gone():
    classes = classes_of(many=10, few=4)
    held_out = np.zeros(14, bool)
    held_out[[0, 1, 10]] = True
    same = np.arange(14)
    same[[1, 5]] = 1
    same[10:] = 10
    found = folds.own_plan(held_out, classes, without_copies(np.arange(14), same), 3, seed=1)
    assert np.flatnonzero(found.held_out).tolist() == [0, 1, 5, 10]
    assert np.array_equal(found.folds == folds.OUT, found.held_out)


def test_copies_of_one_file_are_on_one_side_even_if_nothing_else_can_be_kept_together():
    classes = classes_of(one=4, other=4)
    contents = np.array([0, 0, 1, 2, 3, 3, 4, 5])
    together = np.zeros(8, int)
    alike = Lookalikes(together, together, contents, [])
    found = folds.plan(classes, alike, 3, seed=1)
    assert found.held_out.any()
    assert sides(contents, found.held_out) == 0
    held_out = np.array([True, False, False, False, True, False, False, False])
    found = folds.own_plan(held_out, classes, alike, 3, seed=1)
    assert np.flatnonzero(found.held_out).tolist() == [0, 1, 4, 5]


def test_classes_that_have_no_files_of_their_own_cannot_be_divided():
    classes, contents = classes_of(a=2, b=1, c=1), np.array([0, 1, 0, 1])
    alike = Lookalikes(contents, contents, contents, [])
    with pytest.raises(LabeldError, match="the classes have the same files"):
        folds.plan(classes, alike, 3, seed=1)
