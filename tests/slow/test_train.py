"""`labeld-export train`: labelled photographs in, a model bundle out."""

import collections
import csv
import os
import re

import numpy as np
import pytest

from edge.classify import bundle, golden
from edge.classify.tensorflow import TensorFlowRuntime
from edge.offline.files import score_files
from export.recipe.blocks import BLOCKS
from tests.support import stamps, weights
from tests.support.commands import labeld_export, no_internet


def test_training_prints_the_held_out_scores_and_keeps_them_in_the_bundle(trained):
    counts = re.search(
        r"144 pictures of 6 classes: (\d+) to choose the recipe by, (\d+) held out", trained.text
    )
    held_out = int(counts.group(2))
    assert sum(int(count) for count in counts.groups()) == 144
    accuracy, low, high, macro_f1 = re.search(
        r"held out: accuracy (\d\.\d+) \((\d\.\d+) to (\d\.\d+)\), macro-F1 (\d\.\d+) ",
        trained.text,
    ).groups()
    assert float(low) <= float(accuracy) <= float(high)
    scores = trained.bundle.scores
    assert scores["pictures"] == held_out
    assert scores["accuracy"] == pytest.approx(float(accuracy), abs=1e-3)
    assert scores["macro_f1"] == pytest.approx(float(macro_f1), abs=1e-3)


def test_training_records_the_least_threshold_for_the_precision_asked_for(trained):
    told = re.search(r"threshold for a precision of 0\.9: (0\.\d+)", trained.text).group(1)
    assert trained.bundle.threshold == pytest.approx(float(told), abs=1e-4)
    assert re.search(r"threshold  labelled  precision  recall\n +0\.00 +1\.000", trained.text)
    assert [row["threshold"] for row in trained.bundle.scores["thresholds"]][:3] == [0.0, 0.3, 0.4]


def test_training_says_which_pictures_to_look_at_and_what_more_of_them_would_give(trained):
    tables = {}
    for name in bundle.TABLES:
        with open(os.path.join(trained.bundle.path, name), encoding="utf-8", newline="") as file:
            tables[name] = list(csv.DictReader(file, delimiter="\t"))
    suspects = tables[bundle.SUSPECTS]
    assert "{} pictures look like another class".format(len(suspects)) in trained.text
    assert all(one["label"] != one["other_label"] for one in suspects)
    scores = [float(one["score"]) for one in suspects]
    assert scores == sorted(scores)
    known = {path.split(os.sep)[-1]: label for path, label in trained.photographs.items()}
    listed = [(os.path.basename(one["file"]), one["label"]) for one in suspects]
    assert set(listed) < set(known.items())
    assert "{} pairs of pictures".format(len(tables[bundle.DUPLICATES])) in trained.text
    assert re.search(r"^learning curve, .* from: 0\.\d+ by \d+, .*; expect ", trained.text, re.M)
    kept = re.search(r"^held out: ([01]\.\d+) are familiar at 0\.99$", trained.text, re.M)
    assert trained.bundle.scores["familiar_kept"] == pytest.approx(float(kept.group(1)), abs=1e-3)
    assert float(kept.group(1)) >= 0.9


def test_a_trained_bundle_has_learnt_its_photographs_and_reproduces_here(trained):
    assert trained.bundle.labels == tuple(sorted(stamps.CLASSES))
    graph = TensorFlowRuntime().load(trained.bundle)
    results = score_files(trained.bundle, sorted(trained.photographs), graph)
    right = [
        trained.bundle.labels[result.scored.scores.argmax()] == trained.photographs[result.file]
        for result in results
    ]
    assert len(right) == 144
    assert np.mean(right) >= 0.5, "chance is 1 in 6"
    assert len(trained.bundle.golden()) == 8
    assert golden.check(trained.bundle, graph) < 1e-4


def test_what_is_held_out_does_not_depend_on_what_8_bits_make_of_copies(trained, monkeypatch):
    from export import trainer
    from export.pictures import photographs

    readable = [photographs.Photograph(*one) for one in sorted(trained.photographs.items())]
    monkeypatch.setattr(trainer, "_trunk", lambda chosen: "8 bits")
    monkeypatch.setattr(trainer, "_in_8_bits", lambda *_: lambda rows: [0.0] * len(BLOCKS))
    options = dict.fromkeys(trainer.Options._fields)
    options.update(weights=weights.require(), quality="good", int8="auto", seed=1, augment=1)
    found = trainer.Trainer(list(photographs.checked(readable)), trainer.Options(**options))
    held_out = {readable[number].path for number in np.flatnonzero(found.plan.held_out)}
    with open(os.path.join(trained.bundle.path, bundle.HELD_OUT), encoding="utf-8") as file:
        listed = {line.split("\t")[0] for line in list(file)[1:]}
    assert {os.path.basename(path) for path in held_out} == set(map(os.path.basename, listed))


def test_golden_samples_cover_the_classes_with_held_out_pictures_first():
    from export import train
    from export.pictures import photographs

    held_out, others = (
        [photographs.Photograph(*"{0}{1} {0}".format(c, n).split()) for c in "abc" for n in numbers]
        for numbers in ("01", "23456789")
    )
    chosen = train.golden_choice(held_out, others)
    assert collections.Counter(photograph.label for photograph in chosen) == {
        "a": 3,
        "b": 3,
        "c": 2,
    }
    assert set(held_out) <= set(chosen)


@pytest.mark.parametrize("content", [None, b"no weights"])
def test_weights_that_cannot_be_loaded_are_an_error_that_names_the_file(few, tmp_path, content):
    broken = tmp_path / "base.weights.h5"
    if content is not None:
        broken.write_bytes(content)
    out = tmp_path / "bundle"
    code, _, errors = labeld_export("train", few, "--out", out, "--weights", broken)
    assert code == 1
    assert "--weights {}".format(broken) in errors.splitlines()[-1]
    assert not out.exists()


def test_imagenet_weights_that_cannot_be_fetched_are_an_error_that_says_what_to_do(few, tmp_path):
    out = tmp_path / "bundle"
    code, _, errors = labeld_export("train", few, "--out", out, **no_internet(tmp_path))
    assert code == 1
    assert "ImageNet weights cannot be fetched" in errors
    assert "--weights FILE" in errors
    assert not out.exists()


def test_an_unreadable_photograph_is_told_and_left_out(trained):
    assert re.search("Cows/broken.jpg: not JPEG, .*; left out", trained.errors)
    assert "144 pictures of 6 classes" in trained.text


def test_a_folder_that_is_no_bundle_is_not_overwritten(few, tmp_path):
    code, _, errors = labeld_export("train", few, "--out", few, "--weights", "none")
    assert code == 3
    assert "not a bundle" in errors
    assert len(list(few.glob("*/*.png"))) == 12


def test_the_same_seed_gives_the_same_scores_to_the_last_bit(few, tmp_path):
    """The whole bundle but for the graph's file, whose nodes have names that count on."""
    found = []
    for name in ("first", "second"):
        out = tmp_path / name
        code, _, errors = labeld_export(
            "train", few, "--out", out, "--weights", "none", "--quality", "fast"
        )
        assert code == 0, errors
        made = bundle.read(str(out))
        files = ["golden/scores.npy", "golden/pixels.npy", "suspects.tsv", "held_out.tsv"]
        found.append((made.scores, [(out / file).read_bytes() for file in files]))
    assert found[0] == found[1]


def test_a_users_own_split_is_held_out_and_never_learnt_from(few, tmp_path):
    for number, picture in enumerate(sorted(few.glob("*/*.png"))):
        part = "val" if number % 3 == 0 else "train"
        target = tmp_path / "data" / part / picture.parent.name / picture.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(picture.read_bytes())
        last = target
    (last.parent / "again.png").write_bytes(last.read_bytes())
    out = tmp_path / "model"
    code, text, errors = labeld_export(
        "train", tmp_path / "data", "--out", out, "--weights", "none", "--quality", "fast"
    )
    assert code == 0, errors
    assert "your own split: what is in val is held out" in errors
    assert "13 pictures of 2 classes: 9 to choose the recipe by, 4 held out" in text
    held_out = (out / "held_out.tsv").read_text().splitlines()[1:]
    assert len(held_out) == 4
    assert all(line.startswith("val" + os.sep) for line in held_out)
    assert "were learnt from too" not in text
    assert bundle.read(str(out)).scores["held_out_learnt"] is False
