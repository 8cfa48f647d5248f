"""The search for what suits some photographs."""

import numpy as np
import pytest

from export.recipe import folds, search
from export.recipe.blocks import BLOCKS
from export.recipe.candidate import HIDDEN, LINEAR, USUAL, Candidate, Fixed, block_sets
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


def test_ctrl_c_in_a_later_race_leaves_the_winner_of_the_one_before():
    told = []

    def press(fits, best):
        told.append(best)
        if len(told) == 6:
            raise KeyboardInterrupt

    choice = searched(features(), tell=press)
    assert choice.interrupted
    assert choice.candidate == told[4]
    assert np.isfinite(choice.logits).all()


@pytest.mark.parametrize("head", [LINEAR, HIDDEN])
def test_where_nothing_can_be_compared_the_usual_blocks_are_taken(head):
    groups = np.arange(len(CLASSES))
    fitter = HeadFitter(features(), CLASSES, groups, True, no_hidden)
    parts = np.full(len(CLASSES), folds.NEVER)
    choice = search.Search(fitter, parts, lambda fits, best: None).run(2, Fixed(head=head))
    assert choice.candidate == Candidate(USUAL, head, 0.01, 2)
    assert np.isnan(choice.logits).all()


def test_a_hidden_head_of_single_pictures_is_stopped_by_these():
    seen = []

    def keep(training, validation):
        seen.append((training.classes.tolist(), validation.classes.tolist()))
        return Head((NO_LAYER,))

    fitter = HeadFitter(features(), CLASSES, np.arange(len(CLASSES)), True, keep)
    fitter.fit([Candidate((TELLING,), HIDDEN, 0.01, 1)], np.array([0, 20, 40]))
    assert seen == [([0, 0, 1, 1, 2, 2], [0, 1, 2])]


def test_no_candidate_at_all_before_ctrl_c_is_none():
    class Broken(HeadFitter):
        def fit(self, candidates, chosen):
            raise KeyboardInterrupt

    groups = np.arange(len(CLASSES))
    fitter = Broken(features(), CLASSES, groups, True, no_hidden)
    parts = folds.folds(CLASSES, groups, 5, seed=1)
    with pytest.raises(KeyboardInterrupt):
        search.Search(fitter, parts, lambda fits, best: None).run(2, Fixed())
