"""Which photographs show the same thing in the same light: duplicates, and shots of one moment.

A model is only as good as what it says of pictures unlike those that it has learnt from. Of a shelf
photographed ten times it knows the tenth shot by the other nine, so these are to stand on one side.
"""

from typing import Dict, List, NamedTuple, Sequence

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import squareform

from export.recipe.blocks import BLOCKS
from export.recipe.features import Features

LOWER = BLOCKS[:8]
"""Whose averages tell pictures apart; those above rather tell what they show."""

SAMPLE = 100
"""Of so many pictures, varied copies tell how alike two shots of one thing are."""

DUPLICATE = 0.95
"""A picture saved anew, in another size or quality, is at least so like the former one."""

FEWEST = 5
"""Groups of a class, if it has so many pictures: fewer could not be held out and learnt from."""

CHUNK = 4000
"""Pictures of a class that are compared all with all; neighbours in their order stay together."""


class Pair(NamedTuple):
    """Two pictures, by their numbers, and how alike they are: 1 for the same."""

    first: int
    second: int
    likeness: float


class Lookalikes(NamedTuple):
    """What is alike.

    Attributes:
        groups: int[n], the number of each picture's group.
        duplicates: the Pairs that are nearly the same, the most alike first.
    """

    groups: np.ndarray
    duplicates: List[Pair]


def sample(pictures: int) -> np.ndarray:
    """Return the numbers of the pictures whose varied copies say how alike two shots are."""
    return np.unique(np.linspace(0, pictures - 1, min(SAMPLE, pictures)).astype(int))


def find(features: Features, varied: Features, classes: np.ndarray) -> Lookalikes:
    """Find the Lookalikes among pictures.

    Likeness is the cosine between two pictures' standardised averages. Those of one class are in
    one group if on average they are as alike as a picture is to a varied copy of it (the median),
    or more alike where a class had too few groups; near-duplicates are whatever their class.

    Args:
        features: of the pictures, with the LOWER blocks.
        varied: of the `sample` of them, with one varied copy at least.
        classes: int[n].
    """
    count = len(classes)
    shots = features.rows(LOWER, np.arange(count), 0)
    mean, spread = shots.mean(axis=0), shots.std(axis=0) + 1e-6
    shots = _directions(shots, mean, spread)
    sampled = sample(count)
    copies = varied.rows(LOWER, np.arange(len(sampled)), 1)[1::2]
    again = np.einsum("ij,ij->i", shots[sampled], _directions(copies, mean, spread))
    threshold, duplicate = np.median(again), max(DUPLICATE, np.quantile(again, 0.95))
    duplicates = _pairs(shots, float(duplicate))
    groups = _joined(_clusters(shots, classes, float(threshold)), classes, duplicates)
    return Lookalikes(_without_lonely(groups, classes), duplicates)


def _directions(rows: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Return the standardised rows at length 1, so that a dot product is their cosine."""
    rows = (rows - mean) / spread
    rows /= np.linalg.norm(rows, axis=1, keepdims=True) + 1e-12
    return rows


def _pairs(shots: np.ndarray, least: float) -> List[Pair]:
    """Return the Pairs of at least such likeness."""
    found = []
    for start in range(0, len(shots), CHUNK):
        likeness = shots[start : start + CHUNK].dot(shots.T)
        for first, second in zip(*np.nonzero(likeness >= least)):
            if start + first < second:
                found.append(Pair(int(start + first), int(second), float(likeness[first, second])))
    return sorted(found, key=lambda pair: (-pair.likeness, pair))


def _clusters(shots: np.ndarray, classes: np.ndarray, least: float) -> np.ndarray:
    """Return int[n]: groups within each class, by average linkage."""
    groups = np.empty(len(shots), int)
    used = 0
    for number in np.unique(classes):
        members = np.flatnonzero(classes == number)
        for start in range(0, len(members), CHUNK):
            chosen = members[start : start + CHUNK]
            groups[chosen] = used + _cluster(shots[chosen], least)
            used = groups[chosen].max() + 1
    return groups


def _cluster(shots: np.ndarray, least: float) -> np.ndarray:
    if len(shots) == 1:
        return np.zeros(1, int)
    distances = np.clip(1.0 - shots.dot(shots.T), 0.0, 2.0)
    np.fill_diagonal(distances, 0.0)
    tree = linkage(squareform(distances, checks=False), "average")
    groups = fcluster(tree, 1.0 - least, "distance")
    if groups.max() < FEWEST:
        groups = fcluster(tree, FEWEST, "maxclust")
    return groups - 1


def _joined(groups: np.ndarray, classes: np.ndarray, duplicates: Sequence[Pair]) -> np.ndarray:
    """Return the groups, those joined that near-duplicates of other classes are in."""
    pairs = [pair for pair in duplicates if classes[pair.first] != classes[pair.second]]
    ends: Dict[str, List[int]] = {
        "first": [groups[pair.first] for pair in pairs],
        "second": [groups[pair.second] for pair in pairs],
    }
    size = int(groups.max()) + 1
    links = coo_matrix((np.ones(len(pairs)), (ends["first"], ends["second"])), shape=(size, size))
    return connected_components(links, directed=False)[1][groups]


def _without_lonely(groups: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return the groups, from 0; each picture is one if a class is in a single group as a whole."""
    found = groups.copy()
    for number in np.unique(classes):
        members = np.flatnonzero(classes == number)
        if len(np.unique(groups[members])) == 1:
            found[members] = len(groups) + members
    return np.unique(found, return_inverse=True)[1]
