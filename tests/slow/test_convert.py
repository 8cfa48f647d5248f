"""`labeld-export convert` as far as it can be tried without a GPU.

A bundle that was trained here, as on a workstation, is given to the TensorFlow of a Jetson.
"""

import os
import subprocess
import sys

import pytest

from edge.classify import bundle, golden
from edge.classify.tensorflow import TensorFlowRuntime
from export import tftrt
from tests.support import commands, tiny, without_gpu
from tests.support.checkout import ROOT
from tests.support.missing import skip_or_fail
from tests.support.servers import program

VARIABLE = "LABELD_CONVERTING_PYTHONS"

RELEASES = ("2.6", "2.7")
"""Of TensorFlow, whose genuine converter is tried: on Python 3.6 and 3.7."""


@pytest.fixture(scope="session")
def stubs(tmp_path_factory):
    """A folder with stand-ins for TensorRT's libraries."""
    folder = tmp_path_factory.mktemp("stubs")
    without_gpu.write_stubs(folder, program("cc"))
    return str(folder)


@pytest.fixture(params=range(len(RELEASES)), ids=["tensorflow-" + name for name in RELEASES])
def python(request):
    """The path of a Python with one of the RELEASES of TensorFlow, as `make test` names it."""
    if sys.version_info < (3, 7):
        pytest.skip("a bundle of this Python's Keras 2 is no workstation's")
    pythons = os.environ.get(VARIABLE, "").split(os.pathsep)
    path = pythons[request.param] if request.param < len(pythons) else ""
    if not os.path.exists(path):
        reason = "{} names no Python with TensorFlow {}: make venv36 venv37 makes them".format(
            VARIABLE, RELEASES[request.param]
        )
        skip_or_fail(reason)
    return path


@pytest.fixture
def convert(python, stubs, tmp_path):
    """A function that converts a bundle of this Python; returns (code, stdout, stderr, result)."""

    def run(source, what, *arguments):
        out = tmp_path / "converted"
        command = [python, "-m", "tests.support.without_gpu", what, "convert", source.path]
        ran = subprocess.run(
            command + ["--out", str(out), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(os.environ, LD_LIBRARY_PATH=stubs),
            timeout=400,
            check=False,
        )
        return ran.returncode, ran.stdout.decode(), ran.stderr.decode(), out

    return run


def functions(saved_model):
    """Return the functions of a SavedModel, which hold its nodes."""
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel()
    with open(os.path.join(saved_model, "saved_model.pb"), "rb") as file:
        model.ParseFromString(file.read())
    return model.meta_graphs[0].graph_def.library.function


def engine_ops(saved_model):
    """Return the TRTEngineOps of a SavedModel, and the ops beside them."""
    for function in functions(saved_model):
        found = [node for node in function.node_def if node.op == "TRTEngineOp"]
        if found:
            return found, {node.op for node in function.node_def if node.op != "TRTEngineOp"}
    return [], set()


def convolutions(saved_model):
    """Return how many convolutions the largest function of a SavedModel has."""
    return max(
        sum(node.op == "Conv2D" for node in function.node_def)
        for function in functions(saved_model)
    )


def test_without_tensorrt_it_says_so_and_where_to_go(tiny_bundle, tmp_path):
    code, _, errors = commands.labeld_export("convert", tiny_bundle.path, "--out", tmp_path / "out")
    assert code == 3
    assert "it cannot be converted here: TensorFlow " in errors
    assert "no TensorRT inside" in errors or "there is no libnvinfer.so.7" in errors
    assert "Convert on the device that will serve the bundle" in errors
    assert os.listdir(str(tmp_path)) == []


def test_without_tensorrt_s_libraries_and_a_gpu_it_names_them(tiny_bundle, python, tmp_path):
    command = [python, "-m", "export", "convert", tiny_bundle.path, "--out", "out"]
    ran = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=str(tmp_path),
        env=dict(os.environ, PYTHONPATH=ROOT),
        timeout=400,
        check=False,
    )
    assert ran.returncode == 3
    errors = ran.stderr.decode()
    for name in ("libnvinfer.so.", "libnvinfer_plugin.so.", "sees no GPU"):
        assert name in errors
    assert os.listdir(str(tmp_path)) == []


def test_the_genuine_converter_takes_the_graph_whole_with_the_options_asked_for(convert, trained):
    code, text, errors, out = convert(
        trained.bundle, "run", "--batch-sizes", "4,1", "--workspace-mb", "48"
    )
    assert code == 0, errors
    assert "1 engine(s), 1 outside" in text
    assert "warning" not in text
    assert "building the engine for batches of 1 took " in text
    assert "100.0% of the labels the same" in text

    converted = bundle.read(str(out))
    assert (converted.precision, converted.batch_sizes) == ("fp16", (1, 4))
    assert converted.labels == trained.bundle.labels
    assert converted.threshold == trained.bundle.threshold is not None
    for table in bundle.TABLES:
        assert (out / table).read_bytes()
    assert golden.check(converted.plain(), TensorFlowRuntime().load(converted.plain())) < 1e-4
    facts = converted.conversion
    assert facts["engines"] == 1
    whole = convolutions(trained.bundle.saved_model)
    assert whole > 20, "up to the block that is used"
    assert facts["nodes_inside"] > 3 * whole, "each is normalised and rectified"
    assert facts["familiar_difference"] < 1e-3
    assert facts["score_difference"] < 1e-4, "TensorFlow ran the engine's part of the graph"
    assert (facts["label_agreement"], facts["forced"]) == (1.0, False)
    assert sorted(facts["build_seconds"]) == ["1", "4"]
    assert facts["source"] == trained.bundle.content_hash
    assert facts["fingerprint"]["tensorrt"] == "7.2.2"

    (engine,), beside = engine_ops(converted.saved_model)
    assert beside <= {"Const", "Identity", "NoOp", "Cast"}
    assert engine.attr["precision_mode"].s == b"FP16"
    assert engine.attr["workspace_size_bytes"].i == 48 << 20
    assert engine.attr["max_cached_engines_count"].i == 2
    assert not engine.attr["_allow_build_at_runtime"].b


def test_engines_that_cannot_be_built_leave_no_bundle(convert, tiny_bundle):
    code, _, errors, out = convert(tiny_bundle, "build", "--minimum-segment-size", "1")
    assert code == 3
    assert "could not build the engines: No OpKernel was registered" in errors
    assert "no bundle was written" in errors
    assert os.listdir(str(out.parent)) == []


def test_engines_that_were_not_built_are_noticed(convert, tiny_bundle):
    code, _, errors, out = convert(tiny_bundle, "save", "--minimum-segment-size", "1")
    assert code == 3
    assert "trt-serialized-engine.TRTEngineOp_0_0 is missing or empty" in errors
    assert os.listdir(str(out.parent)) == []


def test_a_graph_of_which_nothing_is_taken_is_refused(convert, tiny_bundle):
    code, _, errors, out = convert(tiny_bundle, "run", "--minimum-segment-size", "100000")
    assert code == 3
    assert "took no part of the graph of at least 100000 nodes" in errors
    assert os.listdir(str(out.parent)) == []


def options(**changed):
    usual = tftrt.Options("fp16", (1, 4), 32, 50, None, 2048, force=False)
    return usual._replace(**changed)


def serve(monkeypatch, function, familiar=lambda rows: None):
    """Have any graph that is loaded be functions of rows."""
    graph = tiny.FunctionGraph(function, familiar)
    monkeypatch.setattr(tftrt.TensorFlowRuntime, "load", lambda self, bundle: graph)


@pytest.mark.parametrize(
    ("spoilt", "told"),
    [
        (
            lambda scores: scores + 0.05,
            "up to 0.05 off (limit 0.02), 100.0% of the labels the same",
        ),
        (lambda scores: scores[:, ::-1], "33.3% of the labels the same"),
    ],
)
def test_a_graph_that_scores_differently_is_taken_by_force_only(
    monkeypatch, tiny_bundle, spoilt, told
):
    serve(monkeypatch, lambda rows: spoilt(tiny.scores(rows)))
    with pytest.raises(tftrt.ConversionError) as refusal:
        tftrt.proof(tiny_bundle, "unused", options())
    assert refusal.value.exit_code == 3
    assert told in str(refusal.value)
    assert tftrt.proof(tiny_bundle, "unused", options(force=True))["forced"]


@pytest.mark.parametrize("spoilt", [lambda said: said - 0.3, lambda said: None])
def test_a_graph_that_finds_other_pictures_familiar_is_taken_by_force_only(
    monkeypatch, tmp_path, spoilt
):
    source = tiny.write_bundle(tmp_path / "familiar", with_familiar=True)
    serve(monkeypatch, tiny.scores, lambda rows: spoilt(tiny.familiar(rows)))
    with pytest.raises(tftrt.ConversionError, match=r"familiar they are up to (0\.3|inf) off"):
        tftrt.proof(source, "unused", options())
    assert tftrt.proof(source, "unused", options(force=True))["forced"]


def test_a_graph_that_scores_the_same_is_not_said_to_be_forced(monkeypatch, tiny_bundle):
    serve(monkeypatch, tiny.scores)
    facts = tftrt.proof(tiny_bundle, "unused", options(force=True))
    assert (facts["label_agreement"], facts["forced"]) == (1.0, False)
