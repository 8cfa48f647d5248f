"""Which photographs show the same thing in the same light."""

import numpy as np

from export.recipe import lookalikes
from export.recipe.blocks import BLOCKS
from export.recipe.features import Features


def alike(averages, classes, contents=None):
    """Return the Lookalikes of pictures whose blocks all have the same averages."""
    found = Features(dict.fromkeys(BLOCKS, averages))
    if contents is None:
        contents = np.arange(len(classes))
    return lookalikes.find(found, found.copies(lookalikes.sample(len(classes))), classes, contents)


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
    counts = [len(set(found.groups[classes == number])) for number in range(3)]
    assert counts[0] == 14
    assert counts[1] >= 2
    assert counts[2] == 2
    blocks[:] = blocks[0]
    found = alike(blocks, classes)
    assert len(set(found.groups)) == 20, "each class is the same picture again and again"
    contents = np.arange(20)
    contents[[3, 15]] = contents[0]
    found = alike(blocks, classes, contents)
    assert found.groups[0] == found.groups[3] == found.groups[15], "copies of a file stay together"
    assert len(set(found.groups)) == 18


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
