"""A bundle is served whole and unchanged, or refused with what is wrong and where."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from edge.classify import amend, bundle, writer
from edge.classify import manifest as manifests
from edge.classify.bundle import GoldenSample
from edge.classify.outputs import Scored
from edge.errors import BundleError, Exit
from edge.prepare import preprocess
from tests.support import tiny


def change_a_byte(path):
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))


def rewrite(path, **changes):
    """Change a manifest as somebody would who also knows how to hash it."""
    with open(path, encoding="utf-8") as file:
        manifest = json.load(file)
    manifest.update(changes)
    manifest["content_hash"] = manifests._content_hash(manifest)
    with open(path, "wb") as file:
        file.write(manifests._canonical(manifest))


def test_what_was_written_is_read_again(written):
    assert written.labels == tiny.LABELS
    assert written.model == "tiny-" + written.content_hash[:6]
    samples = written.golden()
    assert len(samples) == 9
    for sample in samples:
        assert (preprocess.load(sample.data) == sample.pixels).all()
        assert sample.scored.scores.shape == (len(tiny.LABELS),)


def test_a_changed_byte_is_refused_in_every_file(written, tmp_path):
    files = [
        os.path.relpath(os.path.join(folder, name), written.path)
        for folder, _, names in os.walk(written.path)
        for name in names
    ]
    assert os.path.join("saved_model", "saved_model.pb") in files
    for number, file in enumerate(files):
        copy = shutil.copytree(written.path, str(tmp_path / str(number)))
        change_a_byte(os.path.join(copy, file))
        with pytest.raises(BundleError) as refusal:
            bundle.read(copy)
        assert refusal.value.path == os.path.join(copy, file)
        assert refusal.value.exit_code == Exit.BUNDLE


def test_a_changed_label_is_refused(copy):
    path = os.path.join(copy, "bundle.json")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("green & more", "green or more"))
    with pytest.raises(BundleError, match="changed after it was written"):
        bundle.read(copy)


def test_a_missing_file_is_named(copy):
    os.remove(os.path.join(copy, "golden", "scores.npy"))
    with pytest.raises(BundleError, match=r"golden/scores\.npy: No such file"):
        bundle.read(copy)


def test_a_folder_that_is_no_bundle_is_named(tmp_path):
    with pytest.raises(BundleError, match="is this a bundle"):
        bundle.read(tmp_path)


def test_another_format_or_preprocessing_is_refused_with_what_to_do(copy):
    path = os.path.join(copy, "bundle.json")
    rewrite(path, preprocessing=dict(preprocess.SPEC, fit="crop"))
    with pytest.raises(BundleError, match="export it again"):
        bundle.read(copy)
    rewrite(path, format=2)
    with pytest.raises(BundleError, match="format 2; this labeld reads format 1"):
        bundle.read(copy)


@pytest.mark.parametrize("spec", preprocess.SPECS)
def test_one_is_served_as_it_has_learnt(tmp_path, spec):
    data = tiny.encode(np.tile(tiny.picture("red"), (12, 10, 1)), ".jpg")
    row = preprocess.load(data, spec)
    sample = GoldenSample("a.jpg", data, row, Scored(tiny.scores(row[np.newaxis])[0]))
    draft = writer.Draft(tiny.save_nothing, tiny.LABELS, [sample], {}, {})
    path = str(tmp_path / "former")
    writer.write(path, replace(draft, preprocessing=spec))
    found = bundle.read(path)
    assert found.covering == (None if spec == preprocess.FORMER else 299)
    amend.write(path, path, {}, None)
    assert bundle.read(path).preprocessing == spec, "another graph in it changes nothing"


def test_a_write_that_fails_leaves_the_old_bundle_and_no_litter(copy):
    before = bundle.read(copy).content_hash

    def fail(folder):
        os.mkdir(folder)
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        writer.write(copy, writer.Draft(fail, tiny.LABELS, [], {}, {}))
    assert bundle.read(copy).content_hash == before
    assert os.listdir(os.path.dirname(copy)) == [os.path.basename(copy)]


def test_only_a_bundle_is_ever_replaced(tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"precious")
    with pytest.raises(BundleError, match="choose another --out"):
        writer.write(str(tmp_path), writer.Draft(os.mkdir, tiny.LABELS, [], {}, {}))
    assert (tmp_path / "holiday.jpg").read_bytes() == b"precious"


def test_a_written_bundle_can_be_read_by_another_user(written):
    assert os.stat(written.path).st_mode & 0o005 == 0o005
    assert np.load(os.path.join(written.path, "golden", "pixels.npy")).dtype == np.uint8


def test_what_a_killed_writer_left_goes_with_the_next_and_what_is_being_written_stays(tmp_path):
    code = (
        "import os, sys; from tests.support import tiny;"
        "tiny.write_bundle(sys.argv[1], save=lambda folder: os.kill(os.getpid(), 9))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "one")]
    assert subprocess.run(command, timeout=60).returncode == -9
    assert len(os.listdir(str(tmp_path))) == 1, "its draft"
    seen = []

    def save(folder):
        seen.extend(os.listdir(str(tmp_path)))
        if len(seen) == 1:
            tiny.write_bundle(tmp_path / "one", save=tiny.save_nothing)  # another writer
        tiny.save_nothing(folder)

    tiny.write_bundle(tmp_path / "one", save=save)
    assert len(seen) == 1, "its own draft alone"
    assert os.listdir(str(tmp_path)) == ["one"]
    assert bundle.read(str(tmp_path / "one")).labels == tiny.LABELS
