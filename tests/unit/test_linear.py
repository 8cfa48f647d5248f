"""Logistic regression as one dense layer of plain features."""

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from export.recipe.linear import Fitting

STRENGTH = 0.01


def some(pictures, channels, classes, seed=1):
    chance = np.random.RandomState(seed)
    numbers = np.arange(pictures) % classes
    means = chance.normal(size=(classes, channels))
    rows = 5 + 3 * (means[numbers] + chance.normal(size=(pictures, channels)))
    return rows.astype(np.float32), numbers


@pytest.mark.parametrize(("pictures", "channels"), [(60, 200), (300, 20)])
def test_its_layer_gives_what_scikit_learn_does_on_standardised_features(pictures, channels):
    rows, classes = some(pictures, channels, 3)
    scaler = StandardScaler().fit(rows)
    model = LogisticRegression(C=STRENGTH, max_iter=1000, tol=1e-6, class_weight="balanced")
    expected = model.fit(scaler.transform(rows), classes).predict_proba(scaler.transform(rows))
    head = Fitting(rows, classes, balanced=True).fit(STRENGTH)
    assert head.layers[0].weights.shape == (channels, 3)
    assert np.abs(softmax(head.logits(rows), axis=1) - expected).max() < 5e-3


def test_two_classes_have_two_logits():
    rows, classes = some(80, 30, 2)
    head = Fitting(rows, classes, balanced=False).fit(STRENGTH)
    logits = head.logits(rows)
    assert logits.shape == (80, 2)
    scaled = StandardScaler().fit_transform(rows)
    model = LogisticRegression(C=STRENGTH, max_iter=1000, tol=1e-6).fit(scaled, classes)
    expected = model.predict_proba(scaled)[:, 1]
    assert np.abs(expit(logits[:, 1] - logits[:, 0]) - expected).max() < 5e-3


def test_balanced_classes_count_the_same():
    rows, classes = some(200, 20, 2)
    kept = (classes == 0) | (np.arange(200) < 20)
    rows, classes = rows[kept], classes[kept]
    rare = classes == 1

    def found(balanced):
        return Fitting(rows, classes, balanced).fit(1e-4).logits(rows).argmax(axis=1)

    assert np.mean(found(False)[rare]) < 0.5 < np.mean(found(True)[rare])
