"""`labeld-export quantize`: the graph in 8 bits beside the plain one, if it is as right."""

import dataclasses
import os
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from edge.classify import bundle, golden
from edge.classify.openvino import OpenVinoRuntime, only_core
from edge.classify.outputs import Scored
from edge.classify.runtimes import Runtimes
from edge.offline.files import read_file
from edge.prepare.preprocess import load
from export.pictures.photographs import Photograph
from export.quantize.exam import Exam
from export.report import predictions
from tests.support import commands, stamps, tiny, weights
from tests.support.commands import labeld_export

pytest.importorskip("nncf", reason="NNCF has no wheel for this Python")
graph = pytest.importorskip("export.quantize.graph")
quantize = pytest.importorskip("export.quantize.quantize")
trunks = pytest.importorskip("export.quantize.trunk")
verdict = pytest.importorskip("export.quantize.verdict")


@pytest.fixture
def limits(monkeypatch):
    """Return a function that sets by how much a graph may be worse, in every way."""

    def most(value):
        for name in ("MOST_LOST", "MOST_SHIFTED", "MOST_ESTRANGED"):
            monkeypatch.setattr(verdict, name, value)

    return most


def quantized(trained, out, *data):
    code, text, errors = labeld_export("quantize", trained.bundle.path, *data, "--out", out)
    assert code == 0, errors
    return bundle.read(str(out)), text


def test_a_bundle_gets_its_graph_in_8_bits(trained, tmp_path, limits):
    limits(1.0)
    found, text = quantized(trained, tmp_path / "stamps")
    assert found.forms["int8"]["served"]
    scores = found.forms["int8"]["scores"]
    assert scores["pictures"] == trained.bundle.scores["pictures"]
    assert (
        "int8: macro-F1 {:.4f}, accuracy {:.4f}".format(scores["macro_f1"], scores["accuracy"])
        in text
    )
    assert scores["accuracy"] >= trained.bundle.scores["accuracy"] - 0.1
    forms = Runtimes().forms(found)
    assert forms[0].form == "openvino int8"
    for form in forms:
        golden.check(form, Runtimes().load(form))
    assert found.content_hash != trained.bundle.content_hash
    plain = trained.bundle
    same = dict.fromkeys(("path", "content_hash", "forms"), None)
    assert dict(vars(found), **same) == dict(vars(plain), **same)
    size = sum(entry.stat().st_size for entry in os.scandir(os.path.join(found.path, "int8_model")))
    whole = os.path.getsize(os.path.join(plain.saved_model, "saved_model.pb"))
    assert size < whole / 2


def test_the_makers_of_what_quantises_are_told_of_nothing(trained, tmp_path):
    """OpenVINO's converter and NNCF send usage statistics, and keep a number for the machine."""
    home = tmp_path / "home"
    home.mkdir()
    answer = commands.process(
        "export",
        *("quantize", trained.bundle.path, "--out", tmp_path / "stamps"),
        HOME=str(home),
        CI="",
    )
    assert answer[0] == 0, answer
    assert not (home / "intel").exists()


@pytest.fixture
def bases(monkeypatch):
    """A list that gets the folder of each graph whose base is brought into 8 bits anew."""
    made, folders = graph.quantized, []

    def quantized(folder, rows):
        folders.append(folder)
        return made(folder, rows)

    monkeypatch.setattr(graph, "quantized", quantized)
    return folders


def test_training_judges_it_by_pictures_that_it_has_not_learnt(tmp_path, bases):
    stamps.require()
    base, data, out = weights.require(), tmp_path / "photographs", tmp_path / "stamps"
    stamps.write(data, count=12, served=False, seed=1)
    options = ["--weights", base, "--quality", "fast", "--augment", "1"]
    code, text, errors = labeld_export("train", data, "--out", out, *options)
    assert (code, "the pictures held out were learnt from too" in text) == (0, True), errors
    assert "varied copies go through in 8 bits" in text
    assert len(bases) == 1, "of the copies, of what is judged and of what is served"
    found = bundle.read(str(out))
    told = predictions.read(str(out), str(data))
    right = [one.is_right for one in told if one.taken_for]
    plain = found.forms["int8"]["plain_scores"]
    assert plain["pictures"] == len(right) > 3 * found.scores["pictures"]
    assert plain["accuracy"] == round(sum(right) / len(right), 4) < 0.95
    assert abs(found.forms["int8"]["scores"]["accuracy"] - plain["accuracy"]) < 0.05
    report = (out / "report.html").read_text(encoding="utf-8")
    assert "each told by what has not learnt from it" in report
    assert "learnt since" not in report
    for form in Runtimes().forms(found):
        golden.check(form, Runtimes().load(form))
    again, text = quantized(SimpleNamespace(bundle=found), tmp_path / "again")
    assert "since it was scored it has learnt from the pictures held out" in text
    assert len(bases) == 2
    assert again.forms["int8"]["plain_scores"]["accuracy"] > found.scores["accuracy"]
    assert (again.forms["int8"]["had_learnt"], found.forms["int8"]["had_learnt"]) == (True, False)


def assert_same(own, other, row):
    """Assert that two OpenVINO models compute the same to the last bit."""
    found = [only_core().compile_model(one, "CPU")([row[np.newaxis]]) for one in (own, other)]
    for output in ("scores", "familiar"):
        assert np.array_equal(*(one[output] for one in found))


def test_a_graph_on_the_base_of_another_computes_what_one_of_its_own_would(trained, bases):
    rows = [load(read_file(path)) for path in sorted(trained.photographs)[::12]]
    trunk = trunks.Trunk(rows)
    own, other = (trunk.under(trained.bundle.saved_model) for _ in range(2))
    assert len(bases) == 1
    assert_same(own, other, rows[0])


def test_it_is_not_served_where_it_cannot_be_made_again_of_what_has_learnt_more(
    trained, tmp_path, limits, monkeypatch
):
    limits(1.0)
    made, folders = graph.quantized, []

    def once(folder, rows):
        folders.append(folder)
        if len(folders) > 1:
            raise graph.TooLongError("not found in time")
        return made(folder, rows)

    monkeypatch.setattr(graph, "quantized", once)
    shown = [Photograph(*one) for one in sorted(trained.photographs.items())[::6]]
    found = trained.bundle
    last = Exam(shown, [Scored(np.eye(len(found.labels))[0].astype(np.float32))] * len(shown))
    before = last._replace(save=lambda folder: shutil.copytree(found.saved_model, folder))
    trunk = trunks.Trunk([load(read_file(one.path)) for one in shown], shared=False)
    quantize.write(found, str(tmp_path / "stamps"), trunk, last, before)
    assert folders[1] == trained.bundle.saved_model != folders[0]
    found = bundle.read(str(tmp_path / "stamps"))
    int8 = found.forms["int8"]
    assert (int8["served"], int8["faults"]) == (False, ["not found in time"])
    assert not os.path.exists(os.path.join(found.path, "int8_model"))


def test_one_that_is_less_right_is_not_served_and_says_so(trained, tmp_path, limits, monkeypatch):
    limits(-1.0)
    monkeypatch.setattr(
        graph, "controlled", lambda saved, rows, judged_by, classes: graph.quantized(saved, rows)
    )
    found, text = quantized(trained, tmp_path / "stamps")
    assert "int8: the layers that do the most harm go back into floats" in text
    assert "not served: its macro-F1 is " in text
    assert not found.forms["int8"]["served"]
    assert [form.form for form in Runtimes().forms(found)] == ["openvino fp32", "tensorflow fp32"]
    assert not os.path.exists(os.path.join(found.path, "int8_model"))


def test_layers_can_be_put_back_into_floats_of_a_base_that_graphs_share(trained, tmp_path):
    rows = [load(read_file(path)) for path in sorted(trained.photographs)[::12]]
    classes = len(trained.bundle.labels)
    trunk = trunks.Trunk(rows)
    trunk.keep_in_floats(rows[:6], classes)
    own, other = (trunk.under(trained.bundle.saved_model) for _ in range(2))
    assert_same(own, other, rows[0])
    graph.save(other, str(tmp_path / "int8_model"))
    form = trained.bundle.as_run("openvino", "int8")
    loaded = OpenVinoRuntime().load(dataclasses.replace(form, path=str(tmp_path)))
    assert loaded.run(rows[0][None]).scores.shape == (1, len(form.labels))


def test_the_search_for_them_ends_in_time(trained, monkeypatch):
    monkeypatch.setattr(graph, "MOST_SECONDS", 0.0)
    rows = [load(read_file(path)) for path in sorted(trained.photographs)[::36]]
    with pytest.raises(graph.TooLongError):
        graph.controlled(trained.bundle.saved_model, rows, rows, len(trained.bundle.labels))


def test_what_it_can_not_be_done_by_is_named(tiny_bundle, trained, tmp_path):
    code, _, errors = labeld_export("quantize", tiny_bundle.path)
    assert (code, "does not say what it was trained on" in errors) == (1, True)
    data = tmp_path / "few"
    tiny.file_pictures(data, {"red": ["red"] * 3, "blue": ["blue"] * 3})
    code, _, errors = labeld_export("quantize", tiny_bundle.path, data)
    assert (code, "lists no pictures that were held out" in errors) == (1, True)
    converted = tiny.write_bundle(
        tmp_path / "tx2",
        precision="fp16",
        conversion={"fingerprint": {}},
        plain_model=tiny_bundle.saved_model,
        tables={"held_out.tsv": b"file\tlabel\nred/0.png\tred\n"},
    )
    code, _, errors = labeld_export("quantize", converted.path, data)
    assert (code, "it has TensorRT engines" in errors) == (1, True)
