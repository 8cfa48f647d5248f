"""How familiar a picture is, by the features of known ones."""

import numpy as np
import pytest

from export.recipe import familiarity
from export.recipe.blocks import BLOCKS

CHANNELS, CLASSES, FOLDS = 60, 4, 5
USED = BLOCKS[:2]


def known(count, seed):
    """Return (features, classes) of pictures about the centres of their classes."""
    centres = np.random.RandomState(0).normal(0, 2, size=(CLASSES, CHANNELS))
    chance = np.random.RandomState(seed)
    classes = np.arange(count) % CLASSES
    rows = centres[classes] + chance.normal(size=(count, CHANNELS))
    return rows.astype(np.float32), classes


def between(count):
    """Return features of pictures that are half of one class and half of another."""
    rows = known(CLASSES * (count + 1), seed=7)[0]
    return (rows[:count] + rows[1 : count + 1]) / 2


def learnt(count=200):
    rows, classes = known(count, seed=1)
    folds = np.arange(count) // CLASSES % FOLDS
    strange = np.random.RandomState(3).normal(0, 0.3, size=(40, CHANNELS)).astype(np.float32)
    return familiarity.fitted(USED, rows, classes, folds, strange)


@pytest.mark.parametrize("count", [60, 200, 1000])
def test_of_known_pictures_it_is_the_share_that_is_less_familiar(count):
    found = learnt(count).of(known(5000, seed=2)[0])
    assert np.mean(found >= 0.01) > 0.97
    if count > 60:
        assert np.mean(found >= 0.01) < 0.999
        assert np.mean(found >= 0.1) == pytest.approx(0.9, abs=0.06)
        assert np.mean(found >= 0.5) == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize(
    "unknown",
    [
        np.random.RandomState(4).normal(0, 2, size=(50, CHANNELS)),
        np.random.RandomState(5).normal(0, 0.3, size=(50, CHANNELS)),
        np.full((1, CHANNELS), 1e4),
        between(50),
    ],
    ids=["another class", "like strange ones", "beyond all bounds", "between two classes"],
)
def test_what_is_like_nothing_known_is_not_familiar(unknown):
    assert np.mean(learnt().of(unknown.astype(np.float32)) < 0.01) >= 0.9


def test_of_too_few_pictures_nothing_is_said():
    assert learnt(8) is None
    rows, classes = known(20, seed=1)
    never = np.full(20, -1)
    strange = np.zeros((4, CHANNELS), np.float32)
    assert familiarity.fitted(USED, rows, classes, never, strange) is None


def test_the_blocks_that_tell_it_are_those_that_the_graph_has():
    assert familiarity.blocks("mixed3") == BLOCKS[:4]
    assert familiarity.blocks("mixed10") == BLOCKS[:9]
