"""How well scores agree with labels: accuracy, macro-F1, each class, and what is taken for what."""

from typing import Any, Dict, Sequence

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

Figures = Dict[str, Any]
"""What `measure` returns."""


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
        taken for class j.
    """
    numbers = list(range(len(labels)))
    found = np.argmax(scores, axis=1)
    per_class = precision_recall_fscore_support(truth, found, labels=numbers, zero_division=0)
    names = ("precision", "recall", "f1", "support")
    classes = [
        dict(zip(("label",) + names, (label,) + tuple(_plain(value) for value in values)))
        for label, *values in zip(labels, *per_class)
    ]
    present = [one["f1"] for one in classes if one["support"]]
    return {
        "pictures": len(found),
        "accuracy": _plain(np.mean(found == truth)),
        "macro_f1": _plain(np.mean(present)),
        "classes": classes,
        "confusion": confusion_matrix(truth, found, labels=numbers).tolist(),
    }


def headline(figures: Figures) -> str:
    """Return the figures that are compared, as text."""
    return "accuracy {accuracy:.3f}, macro-F1 {macro_f1:.3f}".format(**figures)


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
    return "\n".join(lines)


def _plain(value: Any) -> Any:
    """Return a numpy scalar for JSON: whole numbers as they are, others to four places."""
    value = value.item()
    return value if isinstance(value, int) else round(value, 4)
