"""A bundle whose TensorRT engines were built on another machine."""

import logging

import pytest

from edge.classify import variant
from edge.classify.bundle import PLAIN_MODEL
from edge.classify.tensorflow import TensorFlowRuntime
from edge.config.settings import ModelSettings
from edge.errors import BundleError
from tests.support import commands, tiny
from tests.support.servers import wait_for

RUNTIME = TensorFlowRuntime()

TX2 = {"gpu": "NVIDIA Tegra X2", "compute_capability": "6.2", "tensorrt": "8.2.1"}


def converted(path, built_on, plain, source=None):
    """Write a bundle that is said to have engines; return it."""
    return tiny.write_bundle(
        path,
        precision="fp16",
        batch_sizes=(1, 4),
        conversion={"fingerprint": built_on, "source": source},
        plain_model=plain.saved_model,
    )


@pytest.fixture
def elsewhere(tmp_path, tiny_bundle):
    """A bundle with the engines of a TX2."""
    return converted(tmp_path / "tx2", TX2, tiny_bundle)


def test_it_is_refused_with_what_differs_and_the_command_that_mends_it(elsewhere):
    with pytest.raises(BundleError) as refusal:
        variant.suitable(elsewhere, "none", RUNTIME)
    text = str(refusal.value)
    assert "here: gpu none (built for NVIDIA Tegra X2), compute capability none (built" in text
    assert "labeld-export convert {0} --out {0}".format(elsewhere.path) in text
    assert "model.fallback: plain" in text


def test_with_a_fallback_its_plain_graph_serves(elsewhere, caplog):
    with caplog.at_level(logging.WARNING):
        found = variant.suitable(elsewhere, "plain", RUNTIME)
    assert "tensorrt none (built for 8.2.1)" in caplog.text
    assert (found.precision, found.batch_sizes) == ("fp32", ())
    assert found.saved_model.endswith(PLAIN_MODEL)
    assert found.model == elsewhere.model


def test_where_it_was_built_it_serves_as_it_is(tmp_path, tiny_bundle):
    here = converted(tmp_path / "here", RUNTIME.fingerprint(), tiny_bundle)
    assert variant.suitable(here, "none", RUNTIME) is here
    assert variant.suitable(tiny_bundle, "none", RUNTIME) is tiny_bundle


def candidates(model):
    return variant.choose(model, RUNTIME).candidates


def test_what_was_converted_of_another_bundle_is_not_taken_for_this_one_s(tmp_path, tiny_bundle):
    model = ModelSettings(tiny_bundle.path, convert=True, converted=str(tmp_path / "converted"))
    plain = tiny_bundle.as_run("tensorflow", "fp32")
    assert candidates(model) == [plain]
    place, here = variant.place(tiny_bundle, model.converted, RUNTIME), RUNTIME.fingerprint()
    kept = converted(place, here, tiny_bundle, source=tiny_bundle.content_hash)
    engines = kept.as_run("tensorflow", "fp16")
    assert candidates(model) == [engines, plain]
    converted(place, here, tiny_bundle, source="0" * 64)
    assert candidates(model) == [plain]


def test_the_daemon_refuses_it_or_serves_meanwhile(labeld, subscriber, elsewhere):
    labeld.configure(model={"bundle": elsewhere.path})
    labeld.start()
    wait_for(lambda: labeld.code() is not None, "labeld ends")
    assert labeld.code() == 3
    assert "its engines were built elsewhere" in labeld.log()

    labeld.configure(model={"bundle": elsewhere.path, "fallback": "plain"})
    labeld.start_ready()
    assert 'precision="fp32"' in labeld.get("/metrics")[1]
    labeld.drop_file("one.png", tiny.encode(tiny.picture("blue"), ".png"))
    wait_for(lambda: subscriber.events("label"), "a label")
    assert subscriber.events("label")[0]["label"] == "blue"


def test_the_other_commands_refuse_it_too(elsewhere, tmp_path):
    for command in (["verify", elsewhere.path], ["predict", elsewhere.path, tmp_path / "tx2"]):
        out = ["--out", tmp_path / "out.tsv"] if command[0] == "predict" else []
        code, _, errors = commands.labeld_export(*command, *out)
        assert code == 3
        assert "its engines were built elsewhere" in errors
