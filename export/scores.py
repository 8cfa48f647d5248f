"""How well scores agree with labels: accuracy, macro-F1, each class, and what is taken for what."""

from typing import Any, Dict, Sequence

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from export import reliability, thresholds

Figures = Dict[str, Any]
"""What `measure` returns."""

DRAWS = 1000
"""Of the bootstrap."""


def measure(labels: Sequence[str], truth: np.ndarray, scores: np.ndarray) -> Figures:
    """Return the figures of a model as a dict for JSON.

    Args:
        labels: the class names.
        truth: int[n], the number of each picture's class.
        scores: float32[n, classes].

    Returns:
        `pictures`; `accuracy`, the share whose best class is right; `macro_f1`, the mean of the
        classes' F1, each class that has pictures counting the same; `classes`, a dict for each
        class of `label`, `precision` = TP / (TP + FP), `recall` = TP / (TP + FN),
        `f1` = 2 TP / (2 TP + FP + FN), all 0 where nothing can be divided, and `support`, its
        pictures; `confusion`, where row i, column j counts the pictures of class i that were
        taken for class j; `reliability`, see `export.reliability.table`, and
        `expected_calibration_error`; `thresholds`, see `export.thresholds.table`.
    """
    numbers = list(range(len(labels)))
    found = np.argmax(scores, axis=1)
    per_class = precision_recall_fscore_support(truth, found, labels=numbers, zero_division=0)
    names = ("precision", "recall", "f1", "support")
    classes = [
        dict(zip(("label",) + names, (label,) + tuple(_plain(value) for value in values)))
        for label, *values in zip(labels, *per_class)
    ]
    rows = reliability.table(scores, truth)
    present = [one["f1"] for one in classes if one["support"]]
    return {
        "pictures": len(found),
        "accuracy": _plain(np.mean(found == truth)),
        "macro_f1": _plain(np.mean(present)),
        "classes": classes,
        "confusion": confusion_matrix(truth, found, labels=numbers).tolist(),
        "reliability": rows,
        "expected_calibration_error": round(reliability.expected_error(rows), 4),
        "thresholds": thresholds.table(scores, truth),
    }


def intervals(truth: np.ndarray, scores: np.ndarray, groups: np.ndarray, seed: int) -> Figures:
    """Return how far chance could have moved the figures that are compared, as a dict for JSON.

    Pictures that look alike are drawn together: they are right or wrong together, too.

    Args:
        truth, scores: see `measure`.
        groups: int[n], the group of look-alikes that each picture is of.
        seed: of the drawing.

    Returns:
        `accuracy_interval` and `macro_f1_interval`, 95% each: [from, to] of the bootstrap's
        percentiles (B. Efron, R. Tibshirani, An Introduction to the Bootstrap, 1993, 13.3).
    """
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    found, classes = np.argmax(scores, axis=1), scores.shape[1]
    chance = np.random.RandomState(seed)
    drawn = []
    for _ in range(DRAWS):
        again = np.concatenate([members[n] for n in chance.randint(0, len(members), len(members))])
        counts = np.bincount(truth[again] * classes + found[again], minlength=classes * classes)
        table = counts.reshape(classes, classes)
        right, sides = np.diag(table), table.sum(axis=0) + table.sum(axis=1)
        present = table.sum(axis=1) > 0
        drawn.append((right.sum() / len(again), np.mean(2 * right[present] / sides[present])))
    low, high = np.percentile(drawn, (2.5, 97.5), axis=0)
    names = ("accuracy_interval", "macro_f1_interval")
    return {name: [_plain(low[n]), _plain(high[n])] for n, name in enumerate(names)}


def headline(figures: Figures) -> str:
    """Return the figures that are compared, with their intervals where there are any, as text."""
    return ", ".join(
        "{} {:.3f}{}".format(
            name,
            figures[key],
            " ({:.2f} to {:.2f})".format(*figures[key + "_interval"])
            if key + "_interval" in figures
            else "",
        )
        for name, key in (("accuracy", "accuracy"), ("macro-F1", "macro_f1"))
    )


def text(figures: Figures) -> str:
    """Return all the figures as text: the headline, a line for each class, and the confusion."""
    names = [one["label"] for one in figures["classes"]]
    width = max(len(name) for name in names + ["class"])
    cell = max(5, len(str(figures["pictures"])) + 1)
    lines = [
        "{} pictures: {}".format(figures["pictures"], headline(figures)),
        "",
        "    {:<{}}  precision  recall     F1  support".format("class", width),
    ]
    for number, one in enumerate(figures["classes"], 1):
        lines.append(
            "{:>3} {label:<{}}  {precision:9.3f}  {recall:6.3f}  {f1:5.3f}  {support:7d}".format(
                number, width, **one
            )
        )
    lines += ["", "of the class in the row, so many were taken for the class in the column:"]
    header = "".join("{:>{}}".format(number, cell) for number in range(1, len(names) + 1))
    lines.append("    {:<{}}{}".format("", width, header))
    for number, (name, row) in enumerate(zip(names, figures["confusion"]), 1):
        counts = "".join("{:>{}}".format(count or ".", cell) for count in row)
        lines.append("{:>3} {:<{}}{}".format(number, name, width, counts))
    lines += ["", "of the pictures whose best score is in a range, so many are right:"]
    lines += ["    {:>9}  {:>8}  {:>5}  {:>5}".format("range", "pictures", "score", "right")]
    lines += [
        "    {from:.1f} to {to:.1f}  {pictures:8d}  {score:5.3f}  {right:5.3f}".format(**row)
        for row in figures["reliability"]
    ]
    lines.append("expected calibration error {expected_calibration_error:.3f}".format(**figures))
    lines += [""] + thresholds.text(figures["thresholds"])
    return "\n".join(lines)


def _plain(value: Any) -> Any:
    """Return a numpy scalar for JSON: whole numbers as they are, others to four places."""
    value = value.item()
    return value if isinstance(value, int) else round(value, 4)
