"""What to look at among the photographs: suspects and near-duplicates, side by side."""

import os
from typing import Any, Dict, List, Sequence

from edge.classify.bundle import DUPLICATES, SUSPECTS
from export import tables
from export.report.album import MEDIUM, SMALL, Album
from export.report.predictions import Prediction

MOST_SUSPECTS = 24
MOST_PAIRS = 12


def suspects(
    bundle: str, below: str, found: Sequence[Prediction], album: Album
) -> List[Dict[str, Any]]:
    """Return the most suspicious photographs, each beside a sure one of either class.

    Args:
        bundle: its folder.
        below: where the photographs lie.
        found: what they were taken for.
        album: takes the pictures.
    """
    surest = _surest(found)
    answers = []
    for row in tables.rows(os.path.join(bundle, SUSPECTS))[:MOST_SUSPECTS]:
        pictures = {"picture": album.of_file(os.path.join(below, row["file"]), MEDIUM)}
        for name, label in (("own", row["label"]), ("other", row["other_label"])):
            sure = surest.get(label)
            pictures[name] = None if sure is None else album.of_file(sure, SMALL)
        if pictures["picture"] is not None:
            answers.append(dict(row, **pictures))
    return answers


def _surest(found: Sequence[Prediction]) -> Dict[str, str]:
    """Return {label: the file that has been given it with the highest score, rightly}."""
    best: Dict[str, Prediction] = {}
    for one in found:
        if one.is_right and (one.label not in best or one.score > best[one.label].score):
            best[one.label] = one
    return {label: one.path for label, one in best.items()}


def duplicates(bundle: str, below: str, album: Album) -> List[Dict[str, Any]]:
    """Return pairs of photographs that are nearly the same, those of two labels first."""
    answers = []
    for row in tables.rows(os.path.join(bundle, DUPLICATES))[:MOST_PAIRS]:
        first, second = (
            album.of_file(os.path.join(below, row[name]), MEDIUM) for name in ("file", "other_file")
        )
        if first is not None and second is not None:
            answers.append(dict(row, first=first, second=second))
    return answers
