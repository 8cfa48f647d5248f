"""The three lines that matter: how good it is, what is worst, what to do next."""

from typing import Any, Dict, List, Optional, Sequence

from edge.classify.bundle import Bundle
from export.report.predictions import Prediction

ENOUGH = 0.8
"""A class whose F1 reaches that is no worry."""

MOST_NAMED = 3


def lines(bundle: Bundle, figures: Dict[str, Any], found: Sequence[Prediction]) -> List[str]:
    """Return the lines.

    Args:
        bundle: the Bundle.
        figures: of what is held out, see `export.scores.measure`.
        found: what all photographs were taken for.
    """
    said = [_how_good(bundle, figures), _what_is_worst(figures), _what_next(figures, found)]
    return [line for line in said if line]


def _how_good(bundle: Bundle, figures: Dict[str, Any]) -> str:
    accuracy, pictures = figures["accuracy"], figures["pictures"]
    line = "How good: {:.0%} of {} pictures that were held out are labelled rightly".format(
        accuracy, pictures
    )
    interval = bundle.scores.get("accuracy_interval")
    if interval:
        line += " (95 % sure: {:.0%} to {:.0%})".format(*interval)
    return line + "."


def _what_is_worst(figures: Dict[str, Any]) -> str:
    worst = weakest(figures)
    if not worst:
        return "What is worst: no class has an F1 below {:g}.".format(ENOUGH)
    return "What is worst: {}.".format("; ".join(_of_class(one, figures) for one in worst))


def weakest(figures: Dict[str, Any]) -> List[Dict[str, Any]]:
    """Return the figures of the classes that are the worst, if they are bad."""
    present = [one for one in figures["classes"] if one["support"] and one["f1"] < ENOUGH]
    return sorted(present, key=lambda one: one["f1"])[:MOST_NAMED]


def _of_class(one: Dict[str, Any], figures: Dict[str, Any]) -> str:
    text = "{label} (F1 {f1:.2f}".format(**one)
    rival = taken_for(one["label"], figures)
    if rival is not None:
        text += ", mostly taken for " + rival
    return text + ")"


def taken_for(label: str, figures: Dict[str, Any]) -> Optional[str]:
    """Return the class that a class's pictures are mostly taken for, wrongly; None: for none."""
    names = [one["label"] for one in figures["classes"]]
    row = list(figures["confusion"][names.index(label)])
    row[names.index(label)] = 0
    return names[row.index(max(row))] if max(row) else None


def _what_next(figures: Dict[str, Any], found: Sequence[Prediction]) -> str:
    advice = []
    worst = [one["label"] for one in weakest(figures)]
    if worst:
        counts = {label: sum(one.label == label for one in found) for label in worst}
        named = ", ".join("{} (has {})".format(*pair) for pair in counts.items())
        advice.append("add pictures of " + named)
    wrong = sorted(
        (one for one in found if one.taken_for is not None and not one.is_right),
        key=lambda one: one.label_score,
    )
    if wrong:
        named = ", ".join(
            "{} ({}, looks like {})".format(one.path, one.label, one.taken_for)
            for one in wrong[:MOST_NAMED]
        )
        advice.append("look whether these are labelled rightly: " + named)
    return "What to do next: {}.".format("; ".join(advice)) if advice else ""
