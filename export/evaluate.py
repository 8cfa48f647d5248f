"""How well scores agree with labels, on pictures that training did not see."""

import numpy as np
from sklearn.metrics import accuracy_score, f1_score


def measure(truth, scores):
    """Return the figures of a model as a dict for JSON.

    Args:
        truth: int[n], the number of each picture's class.
        scores: float32[n, classes].

    Returns:
        `pictures`; `accuracy`, the share whose best class is right; `macro_f1`, the mean over all
        classes of F1 = 2 TP / (2 TP + FP + FN), each class counting the same.
    """
    found = np.argmax(scores, axis=1)
    classes = list(range(scores.shape[1]))
    return {
        "pictures": len(found),
        "accuracy": round(float(accuracy_score(truth, found)), 4),
        "macro_f1": round(
            float(f1_score(truth, found, labels=classes, average="macro", zero_division=0)), 4
        ),
    }
