"""The search for what suits some photographs."""

import numpy as np
import pytest

from export.recipe import folds, lookalikes, search
from export.recipe.blocks import BLOCKS
from export.recipe.candidate import HIDDEN, LINEAR, Candidate, Fixed, block_sets
from export.recipe.features import Features
from export.recipe.head import Dense, Head
from export.recipe.heads import HeadFitter

CLASSES = np.repeat(np.arange(3), 20)
TELLING = "mixed6"
CHANNELS = 6

LINEAR_ONLY = Fixed(head=LINEAR)
NO_LAYER = Dense(np.zeros((CHANNELS, 3), np.float32), np.zeros(3, np.float32))


def features(telling=TELLING, copies=2, seed=1):
    """Return Features of which one block tells the classes apart, and the others are noise."""
    chance = np.random.RandomState(seed)
    means = chance.normal(size=(3, CHANNELS))
    blocks = {}
    for block in BLOCKS:
        pictures = chance.normal(size=(len(CLASSES), 1, CHANNELS))
        varied = 0.3 * chance.normal(size=(len(CLASSES), 1 + copies, CHANNELS))
        blocks[block] = (pictures + varied).astype(np.float16)
        if block == telling:
            blocks[block] += 2 * means[CLASSES][:, np.newaxis].astype(np.float16)
    return Features(blocks)


def no_hidden(training, validation):
    raise AssertionError("a hidden head was not to be tried")


def searched(found, fixed=LINEAR_ONLY, hidden=no_hidden, tell=lambda fits, best: None):
    groups = np.arange(len(CLASSES))
    fitter = HeadFitter(found, CLASSES, groups, True, hidden)
    parts = folds.folds(CLASSES, groups, 5, seed=1)
    return search.Search(fitter, parts, tell).run(2, fixed)


def test_the_block_that_tells_the_classes_apart_is_found():
    choice = searched(features())
    assert TELLING in choice.candidate.blocks
    assert choice.candidate.copies == 2
    assert not choice.interrupted
    assert np.mean(choice.logits.argmax(axis=1) == CLASSES) > 0.9
    assert choice.loss < 0.5


def test_it_depends_on_the_pictures_and_on_nothing_else():
    choice, again = searched(features()), searched(features())
    assert choice.candidate == again.candidate
    assert np.array_equal(choice.logits, again.logits)
    assert searched(features("mixed10")).candidate.blocks[-1] == "mixed10"


def test_what_is_fixed_is_not_chosen():
    fixed = Fixed(("mixed2", "mixed6"), LINEAR, 0.5)
    assert searched(features(), fixed).candidate == Candidate(fixed.blocks, LINEAR, 0.5, 2)


def test_a_hidden_head_must_earn_its_place():
    tried = []

    def useless(training, validation):
        tried.append(len(training.classes))
        return Head((NO_LAYER,))

    assert searched(features(), Fixed(), useless).candidate.head == LINEAR
    assert len(tried) == 1, "it was clearly worse on the first fold"
    assert searched(features(), Fixed(head=HIDDEN), useless).candidate.head == HIDDEN


def test_ctrl_c_ends_the_search_with_the_best_so_far():
    def press(fits, best):
        if fits > len(block_sets()):
            raise KeyboardInterrupt

    choice = searched(features(), tell=press)
    assert choice.interrupted
    assert TELLING in choice.candidate.blocks
    assert np.isfinite(choice.logits).all(axis=1).sum() == 2 * len(CLASSES) / 5


def test_no_candidate_at_all_before_ctrl_c_is_none():
    class Broken(HeadFitter):
        def fit(self, candidates, chosen):
            raise KeyboardInterrupt

    groups = np.arange(len(CLASSES))
    fitter = Broken(features(), CLASSES, groups, True, no_hidden)
    parts = folds.folds(CLASSES, groups, 5, seed=1)
    with pytest.raises(KeyboardInterrupt):
        search.Search(fitter, parts, lambda fits, best: None).run(2, Fixed())


def alike(averages, classes):
    """Return the Lookalikes of pictures whose blocks all have the same averages."""
    found = Features(dict.fromkeys(BLOCKS, averages))
    return lookalikes.find(found, found.of(lookalikes.sample(len(classes))), classes)


def test_copies_of_one_shot_are_one_group_and_near_duplicates_are_told():
    chance = np.random.RandomState(2)
    shots = chance.normal(size=(20, 1, 400))
    shots[10:] = shots[:10] + 0.4 * chance.normal(size=(10, 1, 400))
    shots[19] = shots[9] + 0.01 * chance.normal(size=(1, 400))
    varied = shots + 0.5 * chance.normal(size=(20, 2, 400))
    blocks = np.concatenate([shots, varied], axis=1).astype(np.float16)
    found = alike(blocks, np.zeros(20, int))
    assert np.array_equal(found.groups[:10], found.groups[10:])
    assert len(set(found.groups)) == 10
    assert [(pair.first, pair.second) for pair in found.duplicates] == [(9, 19)]
    assert found.duplicates[0].likeness > 0.99


def test_a_class_of_one_shot_still_has_groups_to_hold_out_and_to_learn_from():
    chance = np.random.RandomState(2)
    shots = np.concatenate([chance.normal(size=(14, 1, 40)), np.ones((6, 1, 40))])
    shots[14:] += 0.01 * chance.normal(size=(6, 1, 40))
    varied = shots + 0.5 * chance.normal(size=(20, 1, 40))
    blocks = np.concatenate([shots, varied], axis=1).astype(np.float16)
    classes = np.repeat([0, 1, 2], [14, 4, 2])
    found = alike(blocks, classes)
    assert [len(set(found.groups[classes == number])) for number in range(3)] == [14, 4, 2]
    blocks[:] = blocks[0]
    found = alike(blocks, classes)
    assert len(set(found.groups)) == 20, "each class is the same picture again and again"


def test_near_duplicates_are_one_group_whatever_their_classes():
    chance = np.random.RandomState(2)
    shots = chance.normal(size=(12, 1, 40))
    shots[11] = shots[0]
    varied = shots + 0.5 * chance.normal(size=(12, 1, 40))
    blocks = np.concatenate([shots, varied], axis=1).astype(np.float16)
    classes = np.repeat([0, 1], 6)
    found = alike(blocks, classes)
    assert found.groups[0] == found.groups[11]
    assert len(set(found.groups)) == 11
