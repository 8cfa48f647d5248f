"""`labeld-export` on a bundle that is there."""

import csv
import os

import pytest

from edge.prepare import preprocess
from tests.support import tiny
from tests.support.commands import labeld_export, process


def test_predict_writes_a_row_for_every_picture_in_file_order(tiny_bundle, tmp_path):
    images = tmp_path / "images"
    (images / "shelf").mkdir(parents=True)
    expected = []
    for seed, name in enumerate(["a.jpg", "shelf/b.PNG", "shelf/c.webp"] * 4):
        label = tiny.LABELS[seed % 3]
        name = (
            "{:02d}{}".format(seed, name) if "/" not in name else name.replace("/", "/%02d" % seed)
        )
        data = tiny.encode(tiny.picture(label, seed), os.path.splitext(name)[1].lower())
        (images / name).write_bytes(data)
        expected.append((name, label, tiny.scores(preprocess.load(data)[None])[0].max()))
    (images / "broken.png").write_bytes(b"no picture")
    (images / "notes.txt").write_bytes(b"not looked at")

    code, _, warnings = process(
        "export", "predict", tiny_bundle.path, images, "--out", tmp_path / "t"
    )
    assert code == 0, warnings
    assert "broken.png: not JPEG, PNG" in warnings
    with open(str(tmp_path / "t"), encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, delimiter="\t")
    assert header == ["file", "label", "score"]
    assert [row[0] for row in rows] == sorted([name for name, _, _ in expected] + ["broken.png"])
    by_name = {name: (label, score) for name, label, score in rows}
    assert by_name.pop("broken.png") == ("", "")
    for name, label, score in expected:
        assert by_name[name][0] == label
        assert float(by_name[name][1]) == pytest.approx(score, abs=1e-3)


def test_predict_refuses_a_folder_without_pictures(tiny_bundle, tmp_path):
    code, _, errors = labeld_export("predict", tiny_bundle.path, tmp_path, "--out", tmp_path / "t")
    assert code == 1
    assert "no pictures there" in errors


def test_an_output_that_cannot_be_written_is_refused_before_the_work(tiny_bundle, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for command in (
        ("predict", tiny_bundle.path, tmp_path / "none"),
        ("train", tmp_path / "none"),
        ("convert", tiny_bundle.path),
    ):
        out = tmp_path / "file" / "out"
        code, _, errors = labeld_export(*command, "--out", out)
        assert code == 1
        assert "{}: it cannot be written: Not a directory".format(out) in errors
    code, _, errors = labeld_export("predict", tiny_bundle.path, tmp_path, "--out", tmp_path)
    assert code == 1
    assert "{}: it cannot be written: Is a directory".format(tmp_path) in errors
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_verify_tells_a_good_bundle_from_none(tiny_bundle, tmp_path):
    code, text, _ = labeld_export("verify", tiny_bundle.path)
    assert code == 0
    assert "9 golden samples reproduced" in text
    code, _, errors = labeld_export("verify", tmp_path)
    assert code == 3
    assert "is this a bundle?" in errors
