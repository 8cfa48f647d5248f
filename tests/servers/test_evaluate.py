"""`labeld-export evaluate`: what a bundle is worth on labelled photographs."""

import json
import os
import re

import numpy as np
import pytest

from tests.support import tiny
from tests.support.commands import labeld_export, process

SHOWN = {"red": ["red"] * 4, "green & more": ["green & more", "blue", "blue"], "blue": ["blue"]}
"""Under each label, what its pictures really show: two blue ones are filed wrongly."""


@pytest.fixture
def filed(tmp_path):
    """A folder of labelled pictures as SHOWN says, and one that is broken."""
    tiny.file_pictures(tmp_path / "filed", SHOWN)
    (tmp_path / "filed" / "red" / "broken.png").write_bytes(b"no picture")
    return tmp_path / "filed"


def test_the_figures_are_those_of_the_definition():
    from export import scores

    truth = np.array([0, 0, 0, 0, 1, 1, 1, 2])
    found = np.array([0, 0, 0, 0, 1, 2, 2, 2])
    figures = scores.measure(tiny.LABELS + ("never",), truth, np.eye(4, dtype=np.float32)[found])
    assert figures["accuracy"] == 0.75
    assert figures["macro_f1"] == pytest.approx((1.0 + 0.5 + 0.5) / 3, abs=1e-4)
    green, blue, never = figures["classes"][1:]
    assert (green["precision"], green["recall"], green["support"]) == (1.0, 0.3333, 3)
    assert (blue["precision"], blue["recall"], blue["support"]) == (0.3333, 1.0, 1)
    assert never == {"label": "never", "precision": 0, "recall": 0, "f1": 0, "support": 0}
    assert figures["confusion"] == [[4, 0, 0, 0], [0, 1, 2, 0], [0, 0, 1, 0], [0, 0, 0, 0]]


def test_an_interval_is_wider_where_pictures_are_right_or_wrong_together():
    from export import scores

    chance = np.random.RandomState(1)
    truth = np.arange(200) % 2
    right = np.repeat(chance.rand(20) < 0.8, 10)
    found = np.eye(2, dtype=np.float32)[np.where(right, truth, 1 - truth)]
    alone = scores.intervals(truth, found, np.arange(200), seed=1)
    together = scores.intervals(truth, found, np.arange(200) // 10, seed=1)
    for name in ("accuracy_interval", "macro_f1_interval"):
        low, high = alone[name]
        assert low < right.mean() < high
        assert together[name][0] < low < high < together[name][1]
    assert alone == scores.intervals(truth, found, np.arange(200), seed=1)


def test_evaluate_prints_each_class_and_what_was_taken_for_what(tiny_bundle, filed):
    code, text, errors = labeld_export("evaluate", tiny_bundle.path, filed)
    assert code == 0, errors
    assert os.path.join("red", "broken.png: not JPEG, PNG") in errors
    assert "8 pictures: accuracy 0.750, macro-F1 0.667" in text
    assert re.search(
        r"threshold  labelled  precision  recall\n +0\.00 +1\.000 +0\.750 +0\.750", text
    )
    lines = text.splitlines()
    assert "  2 green & more      1.000   0.333  0.500        3" in lines
    assert "  2 green & more    .    1    2" in lines
    assert re.search(r"^ +range  pictures  score  right$", text, re.MULTILINE)
    assert re.search(r"^ +0\.\d to [01]\.\d +\d  0\.\d{3}  [01]\.\d{3}$", text, re.MULTILINE)
    assert re.search(r"^expected calibration error 0\.\d{3}$", text, re.MULTILINE)


def test_evaluate_gives_the_same_figures_as_json(tiny_bundle, filed):
    code, text, errors = labeld_export("evaluate", tiny_bundle.path, filed, "--json")
    assert code == 0, errors
    figures = json.loads(text)
    assert figures["model"] == tiny_bundle.model
    assert figures["accuracy"] == 0.75
    assert figures["confusion"] == [[4, 0, 0], [0, 1, 2], [0, 0, 1]]
    assert [one["label"] for one in figures["classes"]] == list(tiny.LABELS)
    assert [os.path.basename(one["file"]) for one in figures["left_out"]] == ["broken.png"]


def test_a_label_that_the_bundle_does_not_know_is_refused_by_name(tiny_bundle, filed):
    os.rename(str(filed / "blue"), str(filed / "violet"))
    code, _, errors = labeld_export("evaluate", tiny_bundle.path, filed)
    assert code == 1
    assert "does not know the label(s) 'violet'; it knows 'red', 'green & more', 'blue'" in errors


def test_photographs_none_of_which_can_be_read_are_refused(tiny_bundle, filed):
    for picture in filed.glob("*/*.png"):
        picture.write_bytes(b"no picture")
    code, _, errors = labeld_export("evaluate", tiny_bundle.path, filed)
    assert code == 1
    assert "none of its pictures can be read" in errors


def test_what_training_kept_aside_scores_as_training_said(trained):
    bundle = trained.bundle
    held_out = os.path.join(bundle.path, "held_out.tsv")
    folder = os.path.dirname(os.path.dirname(next(iter(trained.photographs))))
    code, text, errors = process(
        "export", "evaluate", bundle.path, held_out, "--images", folder, "--json"
    )
    assert code == 0, errors
    figures = json.loads(text)
    assert not bundle.scores["held_out_learnt"]
    for name in ("pictures", "accuracy", "macro_f1"):
        assert figures[name] == bundle.scores[name]
    calibration = "expected_calibration_error"
    assert figures[calibration] == pytest.approx(bundle.scores[calibration], abs=1e-3)
