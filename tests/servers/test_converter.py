"""`model.convert`: the plain bundle serves at once, and its engines are built meanwhile."""

import json
import os

import pytest

from edge.classify.tensorflow import TensorFlowRuntime
from tests.support import tiny
from tests.support.checkout import ROOT
from tests.support.servers import wait_for

STAND_IN = os.path.join(ROOT, "tests", "support", "stand_in")


class Converting:
    """A daemon that is to convert its bundle, with a stand-in for the conversion."""

    def __init__(self, labeld, bundle, folder):
        self.labeld = labeld
        self.converted = str(folder / "converted")
        self._record = str(folder / "record.jsonl")
        labeld.configure(
            model={"bundle": bundle.path, "convert": True, "converted": self.converted}
        )

    def start(self, manner):
        path = os.pathsep.join([STAND_IN, ROOT])
        self.labeld.start_ready(
            PYTHONPATH=path,
            STAND_IN_MANNER=manner,
            STAND_IN_RECORD=self._record,
            STAND_IN_FINGERPRINT=json.dumps(TensorFlowRuntime().fingerprint()),
        )

    def calls(self):
        """Return what the conversion was called with, a dict each time."""
        if not os.path.exists(self._record):
            return []
        with open(self._record, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def precision(self):
        metrics = self.labeld.get("/metrics")[1]
        return "fp16" if 'precision="fp16"' in metrics else "fp32"

    def wait_until_it_has_engines(self):
        wait_for(lambda: self.precision() == "fp16", "the converted bundle serves")

    def kept(self):
        return sorted(os.listdir(self.converted)) if os.path.isdir(self.converted) else []


@pytest.fixture
def converting(labeld, tiny_bundle, tmp_path):
    return Converting(labeld, tiny_bundle, tmp_path)


def test_it_serves_at_once_then_with_engines_and_so_from_the_start_next_time(
    converting, subscriber, labeld
):
    converting.start("sound")
    converting.wait_until_it_has_engines()
    assert "labeld_model_converting 0.0" in labeld.get("/metrics")[1]
    labeld.drop_file("one.png", tiny.encode(tiny.picture("blue"), ".png"))
    wait_for(lambda: subscriber.events("label"), "a label")
    assert subscriber.events("label")[0]["label"] == "blue"
    assert labeld.end() == 0

    converting.start("sound")
    assert converting.precision() == "fp16"
    assert labeld.end() == 0
    (call,) = converting.calls()
    assert call["niceness"] == 19
    assert call["--gpu-memory-mb"] == "2048"
    assert call["--batch-sizes"] == "1,4,8"
    assert os.path.relpath(call["--out"], converting.converted).split(os.sep)[0] in (
        converting.kept()
    )


def test_a_conversion_that_the_golden_samples_refute_is_not_served(converting, labeld):
    converting.start("off")
    wait_for(lambda: "the plain graph serves, and is converted again" in labeld.log(), "refused")
    assert "scores are 0.5 off the record" in labeld.log()
    assert converting.precision() == "fp32"
    wait_for(lambda: converting.kept() == [], "it is discarded")
    assert labeld.end() == 0
    assert len(converting.calls()) == 1

    converting.start("sound")
    converting.wait_until_it_has_engines()


def test_a_damaged_conversion_is_made_again(converting, labeld):
    converting.start("sound")
    converting.wait_until_it_has_engines()
    assert labeld.end() == 0
    manifest = os.path.join(converting.calls()[0]["--out"], "bundle.json")
    with open(manifest, "a", encoding="utf-8") as file:
        file.write(" ")

    converting.start("sound")
    assert "it is converted again" in labeld.log()
    converting.wait_until_it_has_engines()
    assert len(converting.calls()) == 2


def test_the_plain_graph_serves_meanwhile_and_a_stop_leaves_nothing_of_the_conversion(
    converting, labeld, subscriber
):
    converting.start("hang")
    wait_for(converting.calls, "it is under way")
    labeld.drop_file("one.png", tiny.encode(tiny.picture("blue"), ".png"))
    wait_for(lambda: subscriber.events("label"), "a label")
    assert "labeld_model_converting 1.0" in labeld.get("/metrics")[1]
    assert labeld.end() == 0
    assert converting.kept() == []
    with pytest.raises(ProcessLookupError):
        os.kill(converting.calls()[0]["pid"], 0)


def test_a_reload_to_another_bundle_ends_it_and_converts_that_one(converting, labeld, tmp_path):
    converting.start("hang")
    wait_for(converting.calls, "it is under way")
    other = tiny.write_bundle(tmp_path / "other", off=1e-5)
    model = {"bundle": other.path, "convert": True, "converted": converting.converted}
    labeld.configure(model=model)
    assert labeld.reload()
    wait_for(lambda: len(converting.calls()) == 2, "the other one is under way")
    first, second = converting.calls()
    assert os.path.basename(second["--out"]) == "other"
    with pytest.raises(ProcessLookupError):
        os.kill(first["pid"], 0)
    labeld.configure(model=dict(model, convert=False))
    assert labeld.reload()
    wait_for(lambda: "labeld_model_converting 0.0" in labeld.get("/metrics")[1], "it has ended")
    assert converting.kept() == []


def test_where_there_is_no_tensorrt_the_plain_graph_serves_on(labeld, tiny_bundle, tmp_path):
    converted = str(tmp_path / "converted")
    labeld.configure(model={"bundle": tiny_bundle.path, "convert": True, "converted": converted})
    labeld.start_ready()
    wait_for(lambda: "could not be converted (exit code 3, see above" in labeld.log(), "it gave up")
    assert "it cannot be converted here" in labeld.log()
    assert labeld.get("/readyz")[0] == 200
    assert labeld.end() == 0


def test_a_conversion_that_cannot_even_begin_stops_nothing(labeld, tiny_bundle, tmp_path):
    converted = str(tmp_path / "converted")
    labeld.configure(model={"bundle": tiny_bundle.path, "convert": True, "converted": converted})
    labeld.start_ready(PATH=str(tmp_path))
    wait_for(lambda: "could not be converted ([Errno 2]" in labeld.log(), "it gave up")
    assert "labeld_model_converting 0.0" in labeld.get("/metrics")[1]
    assert labeld.get("/readyz")[0] == 200


def test_the_three_newest_conversions_are_kept(converting, tmp_path):
    for number in range(4):
        (tmp_path / "converted" / str(number)).mkdir(parents=True)
        os.utime(str(tmp_path / "converted" / str(number)), (number, number))
    converting.start("sound")
    converting.wait_until_it_has_engines()
    wait_for(lambda: len(converting.kept()) == 3, "the others are gone")
    assert {"2", "3"} < set(converting.kept())
