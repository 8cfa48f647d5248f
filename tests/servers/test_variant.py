"""Doctor and replay look at the form of a bundle that the daemon serves, and leave all as it is."""

import json
import os

import pytest

from edge.classify import variant
from edge.classify.tensorflow import TensorFlowRuntime
from edge.doctor import software
from tests.support import commands, tiny


@pytest.fixture
def refuted(tmp_path, labeld, tiny_bundle):
    """A Labeld with `convert: true` whose kept conversion does not reproduce its golden samples."""
    runtime = TensorFlowRuntime()
    place = variant.place(tiny_bundle, str(tmp_path / "converted"), runtime)
    os.makedirs(os.path.dirname(place))
    tiny.write_bundle(
        place,
        off=0.5,
        precision="fp16",
        batch_sizes=(1, 4),
        conversion={"source": tiny_bundle.content_hash, "fingerprint": runtime.fingerprint()},
        plain_model=tiny_bundle.saved_model,
    )
    labeld.configure(
        model={
            "bundle": tiny_bundle.path,
            "convert": True,
            "converted": str(tmp_path / "converted"),
        }
    )
    labeld.place = place
    return labeld


def test_the_doctor_calls_well_what_the_daemon_serves_by_the_plain_graph(
    refuted, tiny_bundle, monkeypatch
):
    monkeypatch.setattr(software, "check", list)
    code, text, _ = commands.labeld("doctor", "-c", refuted.config, "--seconds", "1")
    assert code == 0, text
    assert tiny_bundle.model + ", fp32, 3 classes; 9 golden samples reproduced" in text
    assert os.path.exists(refuted.place), "to throw it away is the daemon's"


def test_a_replay_runs_what_the_daemon_serves_by_the_plain_graph(refuted, tiny_bundle, tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").write_bytes(tiny.encode(tiny.picture("blue"), ".png"))
    out = tmp_path / "events.jsonl"
    code, _, errors = commands.labeld(
        "replay", "-c", refuted.config, "--input", tmp_path / "pictures", "--out", out
    )
    assert code == 0, errors
    (event,) = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert (event["label"], event["model"]) == ("blue", tiny_bundle.model)
    assert os.path.exists(refuted.place), "to throw it away is the daemon's"
