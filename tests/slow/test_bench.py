"""The benchmarks in short: what they count is judged; what they time is printed."""

import importlib.util
import json
import os
import sys

import numpy as np
import pytest

from edge.prepare.preprocess import ROW
from tests.support import commands, servers

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 10), reason="benchmarks are for a workstation's Python"
)

ROW_BYTES = int(np.prod(ROW))


def run(name, out, *arguments):
    """Run a benchmark, show what it prints, and return what it wrote."""
    code, printed, complaints = commands.process("bench." + name, out, *arguments)
    print(printed)
    assert code == 0, complaints
    with open(os.path.join(str(out), name + ".json"), encoding="utf-8") as file:
        return json.load(file)


def test_after_decoding_a_picture_takes_no_memory_of_a_row_s_size_but_to_be_halved(
    tmp_path, tiny_bundle
):
    rows = run("allocations", tmp_path, tiny_bundle.path, "--pictures", 3)["rows"]
    found = {(row["kind"], row["stage"]): row for row in rows}
    small, whole = 540 * 960 * 3, 1080 * 1920 * 3
    by_ffmpeg = importlib.util.find_spec("av") is not None  # in memory of its own
    png = (0, 2 * whole) if by_ffmpeg else (whole, 3 * whole)
    for kind, (left, most) in ((".jpg", (small, small)), (".png", png)):
        decoded = found[kind, "decode"]
        assert left <= decoded["left"] < 1.01 * left + 1000, "the decoded picture, nothing else"
        assert decoded["most"] < 1.01 * most
        halved = 0 if kind == ".jpg" else small  # it is halved on its way to the row
        for stage in ("name", "check", "prepare", "classify", "label"):
            most = ROW_BYTES / 4 + halved * (stage == "prepare")
            assert found[kind, stage]["most"] < most, stage


def test_memory_does_not_grow_with_what_waits(tmp_path):
    only = "files waiting,messages in the outbox"
    rows = run("growth", tmp_path, "--most", 1000, "--only", only)["rows"]
    assert [(row["what"], row["count"]) for row in rows] == [
        ("files waiting", 100),
        ("files waiting", 1000),
        ("messages in the outbox", 0),
        ("messages in the outbox", 1000),
    ]
    peaks = [row["peak_mb"] for row in rows]
    assert max(peaks) - min(peaks) < 40


def test_every_contender_labels_every_picture(tmp_path, tiny_bundle):
    servers.program("mosquitto_sub")
    names = "labeld fp32,loop,batches,tf.data,openvino fp32"
    short = ["--kinds", "1080p.jpg", "--pictures", 6, "--rounds", 1, "--contenders", names]
    rows = run("publish", tmp_path, tiny_bundle.path, *short)["rows"]
    assert {row["name"] for row in rows} == {*names.split(","), "limit fp32"}


def test_open_pages_are_told_states_and_pictures(tmp_path, tiny_bundle):
    short = ["--cameras", 3, "--pages", 2, "--fps", 12, "--seconds", 6, "--rounds", 1]
    closed, opened = run("page", tmp_path, tiny_bundle.path, *short)["turns"]
    assert (closed["pages"], closed["told"]["states"]) == (0, 0)
    assert opened["pages"] == 2
    assert opened["told"]["states"] > 0
    assert opened["told"]["pictures"] > 0
