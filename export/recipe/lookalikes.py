"""Which photographs show the same thing in the same light: duplicates, and shots of one moment.

A model is only as good as what it says of pictures unlike those that it has learnt from. Of a shelf
photographed ten times it knows the tenth shot by the other nine, so these are to stand on one side.
"""

from typing import List, NamedTuple, Sequence, Tuple

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

SAME = 0.9995
"""Copies of one picture are at least so like each other, rounded as features are."""

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
        same: int[n], the number of the near-duplicates that it is one of, whatever their class.
        contents: int[n], the number of its file's content.
        duplicates: the Pairs that are nearly the same, the most alike first.
    """

    groups: np.ndarray
    same: np.ndarray
    contents: np.ndarray
    duplicates: List[Pair]


def sample(pictures: int) -> np.ndarray:
    """Return the numbers of the pictures whose varied copies say how alike two shots are."""
    return np.unique(np.linspace(0, pictures - 1, min(SAMPLE, pictures)).astype(int))


def find(
    features: Features, varied: Features, classes: np.ndarray, contents: np.ndarray
) -> Lookalikes:
    """Find the Lookalikes among pictures.

    Likeness is the cosine between two pictures' standardised averages. Those of one class are in
    one group if on average they are as alike as a picture is to a varied copy of it (the median),
    or more alike where a class had too few groups. Near-duplicates are in one group whatever their
    class, but where a class would then be a single group; copies of one file in any case.

    Args:
        features: of the pictures, with the LOWER blocks.
        varied: of a varied copy of each of the `sample` of them, in its place.
        classes: int[n].
        contents: int[n], the number of each picture's content.
    """
    count = len(classes)
    shots = features.rows(LOWER, np.arange(count), 0)
    mean, spread = shots.mean(axis=0), shots.std(axis=0) + 1e-6
    shots = _directions(shots, mean, spread)
    sampled = sample(count)
    again = _directions(varied.rows(LOWER, np.arange(len(sampled)), 0), mean, spread)
    again = np.einsum("ij,ij->i", shots[sampled], again)
    threshold, duplicate = np.median(again), max(DUPLICATE, np.quantile(again, 0.95))
    duplicates = _pairs(shots, min(float(duplicate), SAME))
    links = [(pair.first, pair.second) for pair in duplicates]
    same = _joined(contents, links)
    copies = _links(contents)
    clusters = _joined(_clusters(shots, classes, float(threshold)), copies)
    groups = _joined(clusters, links)
    for finer in (clusters, contents):
        groups = _joined(_without_lonely(groups, classes, finer), copies)
    return Lookalikes(groups, same, contents, duplicates)


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


def _links(groups: np.ndarray) -> List[Tuple[int, int]]:
    """Return the pairs of pictures that join each group."""
    order = np.argsort(groups, kind="stable")
    return [(a, b) for a, b in zip(order[:-1], order[1:]) if groups[a] == groups[b]]


def _joined(groups: np.ndarray, links: Sequence[Tuple[int, int]]) -> np.ndarray:
    """Return the groups, from 0, those joined that hold the two pictures of a link."""
    names, numbers = np.unique(groups, return_inverse=True)
    first, second = (numbers[[link[end] for link in links]] for end in (0, 1))
    graph = coo_matrix((np.ones(len(links)), (first, second)), shape=(len(names), len(names)))
    return connected_components(graph, directed=False)[1][numbers]


def _without_lonely(groups: np.ndarray, classes: np.ndarray, finer: np.ndarray) -> np.ndarray:
    """Return the groups; the `finer` ones of a class that is in a single group as a whole."""
    found = groups.copy()
    for number in np.unique(classes):
        members = np.flatnonzero(classes == number)
        if len(np.unique(groups[members])) == 1:
            found[members] = len(groups) + finer[members]
    return found
