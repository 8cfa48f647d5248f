"""OpenVINO as the runtime: the same answers, in place, without TensorFlow in the process."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from edge.batch.slots import Slots
from edge.classify import golden, writer
from edge.classify.bundle import read
from edge.classify.loaded import load
from edge.classify.openvino import OpenVinoRuntime
from edge.classify.runtimes import Runtimes
from edge.config.settings import BatchSettings, ModelSettings
from edge.errors import BundleError
from tests.support import tiny
from tests.support.forked import started
from tests.support.servers import Labeld, wait_for

pytest.importorskip("openvino", reason="OpenVINO has no wheel for this Python")


@pytest.fixture(scope="module")
def forms(tiny_bundle):
    """{precision: form} of the tiny bundle."""
    return {form.precision: form for form in OpenVinoRuntime().forms(tiny_bundle)}


@pytest.fixture
def mapped():
    """Return a function: which of some libraries a process has loaded."""

    def libraries(pid):
        with open("/proc/{}/maps".format(pid), encoding="utf-8") as file:
            text = file.read()
        return [name for name in ("libtensorflow", "libopenvino") if name in text]

    return libraries


def test_every_form_reproduces_the_golden_samples(forms):
    assert "fp32" in forms
    for precision, form in forms.items():
        assert golden.check(form, OpenVinoRuntime().load(form)) <= golden.tolerance(precision)


@pytest.mark.parametrize("streams", [1, 2, 4])
@pytest.mark.parametrize("count", [1, 2, 3, 7, 8])
def test_in_any_number_of_streams_each_row_has_its_own_answer(forms, streams, count):
    graph = OpenVinoRuntime().load(forms["fp32"].in_streams(streams))
    rows = np.stack([tiny.golden_sample(*_row(number)).pixels for number in range(count)])
    assert np.allclose(graph.run(rows).scores, tiny.scores(rows), atol=1e-4)


@pytest.mark.parametrize("streams", [1, 2])
def test_a_batch_that_began_before_another_ended_has_its_own_answers(forms, streams):
    graph = OpenVinoRuntime().load(forms["fp32"].in_streams(streams))
    assert graph.overlaps == (streams > 1)
    batches = [
        np.stack([tiny.golden_sample(*_row(first + number)).pixels for number in range(5)])
        for first in range(4)
    ]
    ends = [graph.start(rows) for rows in batches[:2]]
    for number, rows in enumerate(batches):
        assert np.allclose(ends[number]().scores, tiny.scores(rows), atol=1e-4)
        if number + 2 < len(batches):
            ends.append(graph.start(batches[number + 2]))


def _row(number):
    label = tiny.LABELS[number % len(tiny.LABELS)]
    return "", tiny.encode(tiny.picture(label, number), ".png")


def test_it_reads_rows_where_they_lie_at_every_size(forms):
    graph = OpenVinoRuntime().load(forms["fp32"])
    for buffer in Slots(8, 1.0, graph.sizes(8)).buffers():
        for size in range(1, 9):
            assert graph.shares_memory(buffer[:size])


def test_a_later_run_leaves_what_an_earlier_one_said(forms):
    graph = OpenVinoRuntime().load(forms["fp32"])
    rows = np.stack(
        [
            tiny.golden_sample("", tiny.encode(tiny.picture(label), ".png")).pixels
            for label in tiny.LABELS
        ]
    )
    first = graph.run(rows)
    kept = first.scores.copy()
    graph.run(rows[::-1].copy())
    assert np.array_equal(first.scores, kept)
    assert np.allclose(kept, tiny.scores(rows), atol=1e-4)


def test_how_familiar_a_picture_is_comes_along(tmp_path):
    bundle = tiny.write_bundle(tmp_path / "tiny", with_familiar=True)
    (form,) = [one for one in OpenVinoRuntime().forms(bundle) if one.precision == "fp32"]
    golden.check(form, OpenVinoRuntime().load(form))


@pytest.mark.parametrize(("most", "sizes"), [(1, (1,)), (6, (1, 2, 4, 6)), (8, (1, 2, 4, 8))])
def test_it_is_run_at_few_sizes(forms, most, sizes):
    settings = BatchSettings(max_size=most)
    model = load(forms["fp32"], ModelSettings("unused"), settings, Runtimes())
    assert model.sizes == sizes
    assert set(model.seconds) == set(sizes)


def save_scores_of_pictures_of(shape, name="scores"):
    def save(folder):
        import tensorflow as tf

        class Graph(tf.Module):
            @tf.function(input_signature=[tf.TensorSpec(shape, tf.uint8, name="pixels")])
            def classify(self, pixels):
                return {name: tf.reduce_mean(tf.cast(pixels, tf.float32), axis=[1, 2])}

        graph = Graph()
        tf.saved_model.save(graph, folder, signatures={"serving_default": graph.classify})

    return save


@pytest.mark.parametrize(
    ("save", "reason"),
    [
        (tiny.save_nothing, "cannot load it"),
        (os.mkdir, "cannot load it"),
        (save_scores_of_pictures_of([None, 224, 224, 3]), "uint8.n, 299, 299, 3. belongs there"),
        (save_scores_of_pictures_of([None, 299, 299, 3], "logits"), "no output 'scores'"),
    ],
)
def test_a_graph_that_is_none_of_ours_is_refused(tmp_path, save, reason):
    golden_samples = [tiny.golden_sample("a.png", tiny.encode(tiny.picture("red"), ".png"))]
    writer.write(str(tmp_path / "bundle"), writer.Draft(save, tiny.LABELS, golden_samples, {}, {}))
    form = read(str(tmp_path / "bundle")).as_run("openvino", "fp32")
    with pytest.raises(BundleError, match=reason):
        OpenVinoRuntime().load(form)


def test_its_makers_are_told_of_nothing(tmp_path, tiny_bundle):
    """OpenVINO sends usage statistics at each import, and keeps a number for the machine."""
    home = tmp_path / "home"
    home.mkdir()
    labeld = Labeld(
        tmp_path / "labeld",
        begin=started,
        model={"bundle": tiny_bundle.path, "runtime": "openvino"},
        mqtt={"host": "127.0.0.1", "port": 9},
    )
    try:
        labeld.start_ready(HOME=str(home), CI="")
        assert labeld.end() == 0, labeld.log()
        assert os.listdir(str(home)) == []
    finally:
        labeld.kill()


@pytest.mark.parametrize(
    ("runtime", "library"), [("openvino", "libopenvino"), ("tensorflow", "libtensorflow")]
)
def test_the_daemon_has_only_the_runtime_that_it_uses(
    tmp_path, broker, subscriber, tiny_bundle, mapped, runtime, library
):
    labeld = Labeld(
        tmp_path / "labeld",
        begin=started,
        model={"bundle": tiny_bundle.path, "runtime": runtime, "precision": "fp32"},
        mqtt={"host": "127.0.0.1", "port": broker.port},
    )
    try:
        labeld.start_ready()
        assert mapped(labeld.pid) == [library]
        labeld.drop_file("a.png", tiny.encode(tiny.picture("blue"), ".png"))
        wait_for(lambda: subscriber.events("drop/label"), "a label")
        (event,) = subscriber.events("drop/label")
        assert (event["label"], event["runtime"], event["precision"]) == ("blue", runtime, "fp32")
        info = 'labeld_model_info{{model="{}",precision="fp32",runtime="{}"}} 1.0'
        metrics = labeld.get("/metrics")[1]
        assert info.format(tiny_bundle.model, runtime) in metrics
        assert "labeld_zero_copy 1.0" in metrics
        assert labeld.end() == 0, labeld.log()
    finally:
        labeld.kill()


def is_tried_again(remembered):
    """Return whether the next start will, since other programs kept the processor busy."""
    return json.loads(remembered.read_text())["again"] > 0


def test_what_is_the_fastest_is_found_once_and_a_reload_goes_over_to_another(labeld, tmp_path):
    bundle = tiny.write_bundle(tmp_path / "auto")
    labeld.configure(model={"bundle": bundle.path, "runtime": "auto"})
    labeld.start_ready()
    log = labeld.log()
    assert log.count("trying which of its forms is the fastest here") == 1
    for form in Runtimes().forms(bundle):
        assert form.form + ": " in log, "each was tried"
    assert labeld.end() == 0
    trials = 1
    while is_tried_again(tmp_path / "auto.speeds.json"):
        labeld.start_ready()
        trials += 1
        assert labeld.end() == 0
    labeld.start_ready()
    assert labeld.log().count("trying which of its forms") == trials <= 3, "it is remembered"
    for runtime in ("tensorflow", "openvino"):
        labeld.configure(model={"bundle": bundle.path, "runtime": runtime, "precision": "fp32"})
        assert labeld.reload()
        assert 'runtime="{}"'.format(runtime) in labeld.get("/metrics")[1]


def test_what_is_not_there_is_named_and_the_daemon_does_not_start(labeld, tiny_bundle):
    wanted = {"bundle": tiny_bundle.path, "runtime": "tensorflow", "precision": "bf16"}
    labeld.configure(model=wanted)
    labeld.start()
    wait_for(lambda: labeld.code() is not None, "it ends")
    assert labeld.code() == 2
    assert "model.precision: bf16" in labeld.log()
    assert "pip install 'labeld[openvino]'" in labeld.log()


DROPPED_ELSEWHERE = """
import os, signal, sys, threading
import numpy as np
from edge.classify.bundle import read
from edge.classify.openvino import OpenVinoRuntime

graphs = [OpenVinoRuntime().load(read(sys.argv[1]).as_run("openvino", "fp32"))]
graphs[0].run(np.zeros((2, 299, 299, 3), np.uint8))
dropper = threading.Thread(target=graphs.clear)
dropper.start()
dropper.join()
signal.signal(signal.SIGTERM, lambda *_: print("heard", flush=True))
os.kill(os.getpid(), signal.SIGTERM)
"""


def test_a_signal_is_heard_after_another_thread_has_dropped_the_model(tiny_bundle):
    """As a reload does; on processors with AMX it ended the process."""
    done = subprocess.run(
        [sys.executable, "-c", DROPPED_ELSEWHERE, tiny_bundle.path],
        stdout=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"heard\n")
