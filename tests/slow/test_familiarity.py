"""Pictures that a trained bundle knows nothing of."""

import cv2
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from edge.classify.tensorflow import TensorFlowRuntime
from edge.offline.files import score_files
from tests.support import stamps

COUNT = 24


def plain(chance, picture):
    return np.full(picture.shape, chance.uniform(60, 200, 3)) + chance.normal(0, 3, picture.shape)


def dark(chance, picture):
    return picture * chance.uniform(0.02, 0.1)


def blurred(chance, picture):
    return cv2.GaussianBlur(picture, (0, 0), chance.uniform(15, 25))


def noise(chance, picture):
    return chance.uniform(0, 255, picture.shape)


def empty(chance, picture):
    """What the things of the photographs lie on, with nothing there."""
    nothing = np.zeros((8, 8, 4), np.uint8)
    return stamps.lay_on_background(nothing, chance)


@pytest.fixture(scope="module")
def judged(trained, tmp_path_factory):
    """Return float[n]: how familiar the pictures of a folder are to the trained bundle."""
    graph = TensorFlowRuntime().load(trained.bundle)

    def judge(paths):
        results = score_files(trained.bundle, sorted(paths), graph)
        return np.array([result.scored.familiar for result in results])

    return judge


@pytest.fixture(scope="module")
def new(trained, judged, tmp_path_factory):
    """How familiar pictures are of classes that are known, but of other things in other scenes."""
    folder = tmp_path_factory.mktemp("new")
    return judged(stamps.write(folder, count=COUNT // 2, served=True, seed=5))


def test_known_things_are_familiar(judged, trained, new):
    assert np.mean(judged(trained.photographs) >= 0.01) >= 0.98
    assert np.mean(new >= 0.01) >= 0.9
    assert np.median(new) > 0.1


@pytest.mark.parametrize("kind", [plain, dark, blurred, noise, empty])
def test_what_nobody_would_label_is_not_familiar(kind, judged, trained, new, tmp_path):
    chance = np.random.RandomState(6)
    for number, path in enumerate(sorted(trained.photographs)[:COUNT]):
        made = np.clip(kind(chance, cv2.imread(path).astype(float)), 0, 255).astype(np.uint8)
        cv2.imwrite(str(tmp_path / "{:02d}.png".format(number)), made)
    found = judged(str(path) for path in tmp_path.iterdir())
    is_known = np.arange(len(new) + COUNT) < len(new)
    assert roc_auc_score(is_known, np.concatenate([new, found])) >= 0.95


def test_the_graph_says_what_was_calibrated():
    import tensorflow as tf

    from export.network.familiar import familiar
    from export.recipe import familiarity

    chance = np.random.RandomState(1)
    rows = chance.normal(size=(120, 40)).astype(np.float32)
    classes, folds = np.arange(120) % 3, np.arange(120) // 3 % 5
    strange = chance.normal(0, 0.2, size=(30, 40)).astype(np.float32)
    found = familiarity.fitted(("mixed0",), rows, classes, folds, strange)
    shown = np.concatenate([rows, 3 * rows, strange, np.full((1, 40), 1e4, np.float32)])
    assert np.ptp(found.of(shown)) > 0.9
    of_graph = familiar(tf.constant(shown), found).numpy()[:, 0]
    assert np.abs(of_graph - found.of(shown)).max() < 1e-3
