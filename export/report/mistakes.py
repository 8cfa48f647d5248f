"""The worst mistakes: where the model looked, and which pictures it had learnt pull it there."""

from typing import Any, Callable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from edge.errors import PictureError
from edge.prepare import preprocess
from export.report import looking
from export.report.album import MEDIUM, SMALL, Album
from export.report.predictions import Prediction

MOST = 12

NEAREST = 3

MOST_COMPARED = 200
"""Of a class, so many of its pictures are looked through for the nearest ones."""

Seen = Callable[[Sequence[int]], np.ndarray]
"""Takes numbers of photographs; returns float32[n, channels], what the head sees of each."""


class Mistake(NamedTuple):
    """One of them, for a page; pictures are data URIs, or None where there is no room.

    Attributes:
        one: the Prediction.
        picture: as it was prepared.
        looked: with what spoke for the wrong class on it.
        like: (picture, file) of pictures of that class that are the most like it.
        like_own: likewise of its own class.
    """

    one: Prediction
    picture: Optional[str]
    looked: Optional[str]
    like: List[Tuple[str, str]]
    like_own: List[Tuple[str, str]]


def worst(found: Sequence[Prediction]) -> List[Prediction]:
    """Return the pictures held out that are taken for another class with the highest scores."""
    wrong = [one for one in found if one.held_out and one.taken_for and not one.is_right]
    return sorted(wrong, key=lambda one: -one.score)[:MOST]


def shown(
    found: Sequence[Prediction],
    labels: Sequence[str],
    spec: Any,
    looks: looking.Looking,
    album: Album,
    seen: Optional[Seen] = None,
) -> List[Mistake]:
    """Return the worst mistakes of a model.

    Args:
        found: what all photographs were taken for.
        labels: the class names.
        spec: of the preprocessing, see `edge.prepare.preprocess`.
        looks: the model's Looking.
        album: takes the pictures.
        seen: tells what its head sees of `found`; None: the files are looked at.
    """
    kept = _Classes(found, spec, looks, seen)
    answers = []
    for one in worst(found):
        row = _row(one.path, spec)
        if row is None or one.taken_for is None:
            continue
        rows = row[np.newaxis]
        places = looks.maps(rows, [list(labels).index(one.taken_for)])[0]
        features = looks.features(rows)[0]
        answers.append(
            Mistake(
                one,
                album.of_pixels(row, MEDIUM),
                album.of_pixels(looking.overlaid(row, places), MEDIUM),
                kept.like(one, features, one.taken_for, album),
                kept.like(one, features, one.label, album),
            )
        )
    return answers


class _Classes:
    """The features of what was learnt of some classes, each looked at once."""

    def __init__(
        self,
        found: Sequence[Prediction],
        spec: Any,
        looks: looking.Looking,
        seen: Optional[Seen],
    ) -> None:
        self._found = found
        self._spec = spec
        self._looks = looks
        self._seen = seen
        self._kept: Any = {}

    def like(
        self, one: Prediction, features: np.ndarray, label: str, album: Album
    ) -> List[Tuple[str, str]]:
        """Return (picture, file) of those of a class that are the most like a picture."""
        paths, others = self._of(label)
        places = [n for n, path in enumerate(paths) if path != one.path]
        if not places:
            return []
        numbers = looking.nearest(features, others[places], NEAREST)
        answers = []
        for path in (paths[places[number]] for number in numbers):
            picture = album.of_file(path, SMALL)
            if picture is not None:
                answers.append((picture, path))
        return answers

    def _of(self, label: str) -> Tuple[List[str], np.ndarray]:
        if label not in self._kept:
            learnt = [
                number
                for number, one in enumerate(self._found)
                if one.label == label and not one.held_out
            ][:MOST_COMPARED]
            paths = [self._found[number].path for number in learnt]
            self._kept[label] = (paths, self._seen(learnt)) if self._seen else self._looked(paths)
        paths, features = self._kept[label]
        return paths, features

    def _looked(self, paths: Sequence[str]) -> Tuple[List[str], np.ndarray]:
        pairs = [(path, _row(path, self._spec)) for path in paths]
        rows = [row for _, row in pairs if row is not None]
        features = self._looks.features(np.stack(rows)) if rows else np.empty((0,))
        return [path for path, row in pairs if row is not None], features


def _row(path: str, spec: Any) -> Optional[np.ndarray]:
    try:
        with open(path, "rb") as file:
            return preprocess.load(file.read(), spec)
    except (OSError, PictureError):
        return None
