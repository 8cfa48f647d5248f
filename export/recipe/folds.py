"""Pictures divided so that what looks alike stays on one side, the classes in proportion."""

from typing import List, NamedTuple

import numpy as np

from edge.errors import LabeldError
from export.recipe.lookalikes import Lookalikes

HELD_OUT = 0.2
"""The share of each class that is held out."""

NEVER = -1
"""The fold of a picture that always trains, for there would be no other of its class."""

OUT = -2
"""The fold of a picture that has no part in it."""


class Plan(NamedTuple):
    """What each photograph is for.

    Attributes:
        held_out: bool[n], those that are scored at the end.
        folds: int[n] of the others, see `folds`; OUT for those held out.
        groups: int[n], the look-alikes, none of which are on two sides.
    """

    held_out: np.ndarray
    folds: np.ndarray
    groups: np.ndarray


def plan(classes: np.ndarray, alike: Lookalikes, count: int, seed: int) -> Plan:
    """Return the Plan of some pictures; something is held out if each class has two at least.

    Where classes share their look-alikes so that nothing could be, only near-duplicates are kept
    together, or if need be only copies of one file.

    Args:
        classes: int[n].
        alike: the Lookalikes.
        count: how many folds there are.
        seed: see `hold_out` and `folds`.

    Raises:
        LabeldError: the classes share their files so that nothing can be held out.
    """
    for groups in (alike.groups, alike.same, alike.contents):
        held_out = hold_out(classes, groups, seed)
        if held_out.any():
            return _planned(held_out, classes, groups, count, seed)
    raise LabeldError(
        "nothing can be held out: the classes have the same files, with different labels"
    )


def own_plan(
    held_out: np.ndarray, classes: np.ndarray, alike: Lookalikes, count: int, seed: int
) -> Plan:
    """Return the Plan where a user has chosen what is held out.

    What is nearly the same as something held out is held out with it, or if nothing of its class
    were then left to learn from, only what is a copy of the same file.

    Args:
        held_out: bool[n], what the user holds out; each class has others.
        classes: int[n].
        alike: the Lookalikes.
        count, seed: see `folds`.
    """
    for groups in (alike.same, alike.contents):
        along = np.isin(groups, groups[held_out])
        spent = np.setdiff1d(classes[along], classes[~along])
        held_out = held_out | (along & ~np.isin(classes, spent))
    return _planned(held_out, classes, alike.groups, count, seed)


def _planned(
    held_out: np.ndarray, classes: np.ndarray, groups: np.ndarray, count: int, seed: int
) -> Plan:
    parts = np.full(len(classes), OUT)
    parts[~held_out] = folds(classes[~held_out], groups[~held_out], count, seed)
    return Plan(held_out, parts, groups)


def hold_out(classes: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """Choose the pictures to hold out: bool[n].

    Of each class, groups come to a share of HELD_OUT as nearly as they can: at least one, unless
    the class has no other.

    Args:
        classes, groups: int[n].
        seed: of the choice.
    """
    held = np.zeros(len(classes), bool)
    chance = np.random.RandomState(seed)
    for number in np.unique(classes):
        of_class = classes == number
        names = chance.permutation(np.unique(groups[of_class & ~held]))
        sizes = {name: int(np.sum(of_class & (groups == name))) for name in names}
        wanted, have = HELD_OUT * np.sum(of_class), int(np.sum(of_class & held))
        chosen: List[int] = []
        for name in names:
            if abs(have + sizes[name] - wanted) < abs(have - wanted):
                chosen.append(name)
                have += sizes[name]
        if have == 0 and len(names) > 1:
            chosen = [min(names, key=lambda name: sizes[name])]
        held[np.isin(groups, chosen)] = True
    return held & ~_without_others(classes, groups, held)


def folds(classes: np.ndarray, groups: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return the number of each picture's fold, from 0, or NEVER: int[n].

    The largest groups are dealt first, each to the fold that has least of its classes.

    Args:
        classes, groups: int[n].
        count: how many folds there are.
        seed: of the order of groups that are as large.
    """
    chance = np.random.RandomState(seed)
    names, members = np.unique(groups, return_inverse=True)
    totals = np.bincount(classes).astype(float)
    table = np.zeros((len(names), len(totals)))
    np.add.at(table, (members, classes), 1)
    shares = table / np.maximum(totals, 1)
    order = chance.permutation(len(names))
    order = order[np.argsort(-table[order].sum(axis=1), kind="stable")]
    filled = np.zeros((count, len(totals)))
    fold_of = np.empty(len(names), int)
    for name in order:
        fullness = filled.dot(shares[name] > 0)
        fold_of[name] = np.lexsort((filled.sum(axis=1), fullness))[0]
        filled[fold_of[name]] += shares[name]
    found = fold_of[members]
    for number in range(count):
        found[_without_others(classes, groups, found == number)] = NEVER
    return found


def _without_others(classes: np.ndarray, groups: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Return bool[n]: those of `part` that must leave it, for a class has no picture outside it."""
    lonely = np.setdiff1d(classes[part], classes[~part])
    leaving = np.unique(groups[part & np.isin(classes, lonely)])
    return part & np.isin(groups, leaving)
