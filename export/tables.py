"""Tables of photographs that a bundle keeps for people, each as a TSV file's content."""

import csv
import io
import os
from typing import Any, Dict, Iterable, List, Sequence

from export.pictures.photographs import Photograph
from export.recipe.lookalikes import Pair
from export.recipe.suspects import Suspect

MOST_PAIRS = 10000
"""Of near-duplicates: of a shelf photographed a thousand times there would be half a million."""


def labelled(photographs: Iterable[Photograph], below: str) -> bytes:
    """Return the table of `photographs`, files relative to `below`: `file`, `label`.

    It can be read again with `below` as its `images`.
    """
    found = ((os.path.relpath(one.path, below), one.label) for one in photographs)
    return content(("file", "label"), found)


def suspects(
    found: Sequence[Suspect], photographs: Sequence[Photograph], labels: Sequence[str], below: str
) -> bytes:
    """Return the table of Suspects: `file`, `label`, `score`, `other_label`, `other_score`."""
    listed = (
        (
            os.path.relpath(photographs[one.number].path, below),
            photographs[one.number].label,
            "{:.4f}".format(one.score),
            labels[one.other],
            "{:.4f}".format(one.other_score),
        )
        for one in found
    )
    return content(("file", "label", "score", "other_label", "other_score"), listed)


def duplicates(pairs: Sequence[Pair], photographs: Sequence[Photograph], below: str) -> bytes:
    """Return the table of near-duplicates, those of different labels first.

    Its columns are `file`, `label`, `other_file`, `other_label`, and `likeness`, 1 for the same.
    """
    both = [(photographs[pair.first], photographs[pair.second], pair.likeness) for pair in pairs]
    both.sort(key=lambda row: row[0].label == row[1].label)
    listed = (
        (
            os.path.relpath(first.path, below),
            first.label,
            os.path.relpath(second.path, below),
            second.label,
            "{:.4f}".format(likeness),
        )
        for first, second, likeness in both[:MOST_PAIRS]
    )
    return content(("file", "label", "other_file", "other_label", "likeness"), listed)


def content(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return a table of `rows` below the names of their columns."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8", "surrogateescape")


def rows(path: str) -> List[Dict[str, str]]:
    """Return the rows of a table that `content` made, each as {column: value}."""
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        return [dict(row) for row in csv.DictReader(file, delimiter="\t")]
