"""A bundle comes from somewhere: whatever it says, it is served or refused in one sentence."""

import io
import json
import os
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.classify import bundle
from edge.classify import manifest as manifests
from edge.classify.loaded import load
from edge.classify.runtime import Runtime
from edge.config.settings import BatchSettings, ModelSettings
from edge.errors import BundleError
from tests.support import tiny


def sealed(folder, **changes):
    """Write a manifest as somebody would who means harm and knows how to hash."""
    path = os.path.join(folder, "bundle.json")
    with open(path, encoding="utf-8") as file:
        said = json.load(file)
    said.update(changes)
    for name in [name for name, value in changes.items() if value is ...]:
        del said[name]
    said.pop("content_hash", None)
    os.unlink(path)
    if "files" in changes:
        said["content_hash"] = manifests._content_hash(said)
        with open(path, "wb") as file:
            file.write(manifests._canonical(said))
    else:
        manifests.seal(folder, said)


def save_array(path, array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    with open(path, "wb") as file:
        file.write(buffer.getvalue())


def refusal(folder):
    """Return the one line that says why a bundle is refused."""
    with pytest.raises(BundleError) as error:
        bundle.read(folder).golden()
    text = str(error.value)
    assert folder in text
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("labels", []),
        ("labels", ["red", "red", "blue"]),
        ("labels", ["red", "gr\x1been", "blue"]),
        ("labels", ["red", 7, "blue"]),
        ("labels", "red"),
        ("labels", ...),
        ("batch_sizes", [0]),
        ("batch_sizes", [8, 4]),
        ("batch_sizes", [True]),
        ("batch_sizes", ["8"]),
        ("batch_sizes", [10**9]),
        ("precision", "fp8"),
        ("precision", ["fp32"]),
        ("golden", []),
        ("golden", ["golden/../../../etc/passwd"]),
        ("golden", ["/etc/passwd"]),
        ("golden", [["golden/00.png"]]),
        ("golden", ["golden/77.png"]),
        ("threshold", 7),
        ("threshold", "0.5"),
        ("threshold", True),
        ("conversion", {"fingerprint": 3, "source": 4}),
        ("conversion", "engines"),
        ("name", "../other"),
        ("name", ""),
        ("scores", []),
        ("made_with", None),
    ],
)
def test_a_fact_that_breaks_its_rule_is_named(copy, fact, value):
    sealed(copy, **{fact: value})
    assert repr(fact) in refusal(copy) or "golden sample" in refusal(copy)


@pytest.mark.parametrize(
    "files",
    [
        {"../../etc/passwd": {"bytes": 1, "sha256": "0" * 64}},
        {"/etc/passwd": {"bytes": 1, "sha256": "0" * 64}},
        {"golden/00.png": {"bytes": -1, "sha256": "0" * 64}},
        {"golden/00.png": {"bytes": 1}},
        {"golden/00.png": "0" * 64},
        {"golden/00.png": {"bytes": 1, "sha256": "short"}},
    ],
)
def test_files_that_no_bundle_has_are_refused(copy, files):
    sealed(copy, files=files)
    assert "'files'" in refusal(copy)


def test_two_labels_for_three_classes_are_refused(copy):
    sealed(copy, labels=["red", "blue"])
    assert "scores.npy: it holds float32 of shape (9, 3)" in refusal(copy)


@pytest.mark.parametrize("name", ["pixels", "scores"])
def test_arrays_are_of_the_shape_that_belongs_there_and_never_pickled(copy, name):
    path = os.path.join(copy, "golden", name + ".npy")
    for array in (np.array([{"a": 1}], object), np.zeros(3, np.float64), np.zeros((9, 3), ">f4")):
        save_array(path, array)
        sealed(copy)
        assert name + ".npy" in refusal(copy)


def test_an_array_that_says_it_is_huge_takes_no_memory(copy):
    path = os.path.join(copy, "golden", "pixels.npy")
    with open(path, "r+b") as file:
        content = file.read()
        assert b"(9, 299, 299, 3)" in content
        file.seek(0)
        file.write(content.replace(b"(9, 299, 299, 3)", b"(9999999999999,)"))
    sealed(copy)
    assert "belongs there" in refusal(copy)


def test_what_is_not_recorded_is_refused(copy):
    with open(os.path.join(copy, "saved_model", "more.pb"), "wb") as file:
        file.write(b"x")
    assert "more.pb: bundle.json does not record it" in refusal(copy)


def read_or_refused(folder):
    """Read a bundle; what it raises, if anything, is a BundleError of a file in it."""
    try:
        bundle.read(folder).golden()
    except BundleError as refused:
        if not refused.path.startswith(folder):
            raise


def link(path):
    os.symlink("/etc/passwd", path)


@pytest.mark.parametrize("make", [link, os.mkfifo, os.mkdir])
@pytest.mark.parametrize("name", ["bundle.json", "golden/00.png", "saved_model/saved_model.pb"])
def test_links_pipes_and_folders_in_the_place_of_files_are_refused(copy, make, name):
    path = os.path.join(copy, name)
    os.unlink(path)
    make(path)
    refusal(copy)


def test_a_folder_that_is_a_link_is_refused(copy, tmp_path):
    os.rename(os.path.join(copy, "golden"), str(tmp_path / "golden"))
    os.symlink(str(tmp_path / "golden"), os.path.join(copy, "golden"))
    assert "neither file nor folder" in refusal(copy)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[" * 100000,
        b"{}",
        b"[1]",
        b'{"format": NaN}',
        b'{"format": 1}',
        b"\xff\xfe",
        b'"\\ud800"',
    ],
)
def test_a_manifest_that_is_none_is_refused(copy, data):
    with open(os.path.join(copy, "bundle.json"), "wb") as file:
        file.write(data)
    refusal(copy)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(sorted(manifests.facts.RULES)), json_values)
def test_whatever_a_fact_is_the_bundle_is_read_or_refused(written, tmp_path_factory, fact, value):
    folder = shutil.copytree(written.path, str(tmp_path_factory.mktemp("copy") / "copy"))
    path = os.path.join(folder, "bundle.json")
    with open(path, encoding="utf-8") as file:
        said = json.load(file)
    said[fact] = value
    try:
        if fact != "content_hash":
            said["content_hash"] = manifests._content_hash(said)
        data = manifests._canonical(said)
    except ValueError:
        data = json.dumps(said).encode()
    with open(path, "wb") as file:
        file.write(data)
    read_or_refused(folder)
    shutil.rmtree(os.path.dirname(folder))


class Given(Runtime):
    """Loads the graph that it is given."""

    def __init__(self, graph):
        self._graph = graph

    def load(self, bundle, gpu_memory_mb=None):
        return self._graph


def wrong_shape(rows):
    return np.zeros((len(rows), 2), np.float32)


def wrong_dtype(rows):
    return tiny.scores(rows).astype(np.float64)


def broken(rows):
    raise RuntimeError("no such op")


@pytest.mark.parametrize(
    ("graph", "said"),
    [
        (tiny.FunctionGraph(wrong_shape), "of shape (1, 2); for 3 labels"),
        (tiny.FunctionGraph(wrong_dtype), "gives float64"),
        (tiny.FunctionGraph(broken), "does not run: RuntimeError: no such op"),
        (tiny.FunctionGraph(familiar=lambda rows: rows[:, 0, 0]), "familiarities of shape"),
    ],
)
def test_a_graph_that_gives_something_else_is_refused(written, graph, said):
    with pytest.raises(BundleError) as error:
        load(written, ModelSettings(written.path), BatchSettings(), Given(graph))
    assert said in str(error.value)
