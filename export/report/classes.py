"""Each class of a report, with examples; and which are taken for which."""

from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from export.report.album import SMALL, Album
from export.report.predictions import Prediction

MOST_ROWS = 45
"""Of the confusion matrix: with more classes it has those that are confused the most."""

MOST_CONFUSIONS = 20

EXAMPLES = 3
"""Of each class, rightly labelled, and as many that were not."""


class Example(NamedTuple):
    """A picture beside a class; `picture`: a data URI; `told`: what it shows, in words."""

    picture: str
    told: str


def examples(
    labels: Sequence[str], found: Sequence[Prediction], album: Album
) -> Dict[str, Dict[str, List[Example]]]:
    """Return {label: {"right": Examples, "wrong": Examples}} of Predictions."""
    sides: Dict[str, Dict[str, List[Prediction]]] = {
        label: {"right": [], "wrong": []} for label in labels
    }
    for one in found:
        if one.taken_for is not None:
            sides[one.label]["right" if one.is_right else "wrong"].append(one)
    for side in sides.values():
        side["right"].sort(key=lambda one: -one.score)
        side["wrong"].sort(key=lambda one: one.label_score)
    return {
        label: {name: _pictured(ones, album) for name, ones in side.items()}
        for label, side in sides.items()
    }


def _pictured(found: Sequence[Prediction], album: Album) -> List[Example]:
    shown: List[Example] = []
    for one in found[:EXAMPLES]:
        picture = album.of_file(one.path, SMALL)
        if picture is not None:
            told = "taken for {}, score {:.2f}".format(one.taken_for, one.score)
            shown.append(Example(picture, told))
    return shown


def matrix(figures: Dict[str, Any]) -> Dict[str, Any]:
    """Return the confusion matrix for a page: `labels`, `rows` of counts, `left_out` classes.

    Args:
        figures: see `export.scores.measure`.
    """
    names = [one["label"] for one in figures["classes"]]
    counts = figures["confusion"]
    numbers = list(range(len(names)))
    if len(names) > MOST_ROWS:
        errors = [
            sum(counts[a]) + sum(row[a] for row in counts) - 2 * counts[a][a] for a in numbers
        ]
        numbers = sorted(sorted(numbers, key=lambda a: -errors[a])[:MOST_ROWS])
    return {
        "labels": [names[number] for number in numbers],
        "rows": [_row(counts[a], a, numbers) for a in numbers],
        "left_out": len(names) - len(numbers),
    }


def _row(counts: Sequence[int], own: int, numbers: Sequence[int]) -> List[Dict[str, Any]]:
    whole = max(1, sum(counts))
    return [
        {"count": counts[b], "share": round(counts[b] / whole, 3), "own": b == own} for b in numbers
    ]


def confusions(figures: Dict[str, Any]) -> List[Dict[str, Any]]:
    """Return what is taken for what most often: `label`, `taken_for`, `count`, `support`."""
    names = [one["label"] for one in figures["classes"]]
    found = [
        {
            "label": names[a],
            "taken_for": names[b],
            "count": count,
            "support": figures["classes"][a]["support"],
        }
        for a, row in enumerate(figures["confusion"])
        for b, count in enumerate(row)
        if a != b and count
    ]
    return sorted(found, key=lambda one: -one["count"])[:MOST_CONFUSIONS]


def chosen_threshold(threshold: Optional[float]) -> str:
    """Return a bundle's threshold in words."""
    if threshold is None:
        return "The bundle has no threshold of its own; the daemon uses 0.5 (decide.threshold)."
    return "The bundle's own threshold, which decide.threshold: auto takes, is {:.3f}.".format(
        threshold
    )
