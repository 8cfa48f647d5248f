"""What each photograph was taken for by a model that had not seen it: a table of the bundle."""

import os
from typing import List, NamedTuple, Optional, Sequence

import numpy as np

from edge.classify.bundle import PREDICTIONS
from edge.errors import LabeldError
from export import scores, tables
from export.pictures.photographs import Photograph

COLUMNS = ("file", "label", "part", "taken_for", "score", "label_score")

HELD_OUT, LEARNT = PARTS = ("held out", "learnt")


class Prediction(NamedTuple):
    """What one photograph was taken for.

    Attributes:
        path: the file's.
        label: its class.
        held_out: whether the bundle's figures are of it.
        taken_for: the class with the best score; None: no model that had not seen it was asked.
        score: of that class, 0 to 1.
        label_score: of its own class, 0 to 1.
    """

    path: str
    label: str
    held_out: bool
    taken_for: Optional[str]
    score: float
    label_score: float

    @property
    def is_right(self) -> bool:
        return self.taken_for == self.label


def predictions(
    chosen: Sequence[Photograph], held_out: np.ndarray, labels: Sequence[str], found: np.ndarray
) -> List[Prediction]:
    """Return the Predictions of photographs.

    Args:
        chosen: the photographs.
        held_out: bool[n].
        labels: the class names.
        found: float[n, classes], scores by models that have not seen them; NaN: there are none.
    """
    answers = []
    for photograph, apart, row in zip(chosen, held_out, found):
        best, own = None, 0.0
        if not np.isnan(row).any():
            best, own = int(row.argmax()), float(row[labels.index(photograph.label)])
        answers.append(
            Prediction(
                photograph.path,
                photograph.label,
                bool(apart),
                None if best is None else labels[best],
                0.0 if best is None else float(row[best]),
                own,
            )
        )
    return answers


def written(found: Sequence[Prediction], below: str) -> bytes:
    """Return the table's content; files relative to `below`."""
    return tables.content(
        COLUMNS,
        (
            (
                os.path.relpath(one.path, below),
                one.label,
                HELD_OUT if one.held_out else LEARNT,
                one.taken_for or "",
                "{:.4f}".format(one.score),
                "{:.4f}".format(one.label_score),
            )
            for one in found
        ),
    )


def read(bundle: str, below: str) -> List[Prediction]:
    """Return the Predictions that a bundle holds.

    Args:
        bundle: its folder.
        below: where the photographs lie.

    Raises:
        LabeldError: it holds none, for it was made by an older labeld, or not by training.
    """
    path = os.path.join(bundle, PREDICTIONS)
    if not os.path.exists(path):
        raise LabeldError(
            "{}: it does not say what each photograph was taken for ({}): train it again with this "
            "labeld".format(bundle, PREDICTIONS)
        )
    return [
        Prediction(
            os.path.join(below, row["file"]),
            row["label"],
            row["part"] == HELD_OUT,
            row["taken_for"] or None,
            float(row["score"]),
            float(row["label_score"]),
        )
        for row in tables.rows(path)
    ]


def figures(found: Sequence[Prediction], labels: Sequence[str]) -> scores.Figures:
    """Return `export.scores.measure` of some Predictions that have an answer."""
    best = np.zeros((len(found), len(labels)), np.float32)
    for row, one in zip(best, found):
        assert one.taken_for is not None
        row[labels.index(one.taken_for)] = one.score
    truth = np.array([labels.index(one.label) for one in found])
    return scores.measure(labels, truth, best)
