"""`labeld replay`: the same events every time, and what is another one."""

import json
import threading

import cv2
import numpy as np
import pytest

from edge.batch.slots import Slots
from edge.classify.loaded import LoadedModel
from edge.config.load import load
from edge.errors import LabeldError
from edge.offline import replay as replays
from tests.support import commands, tiny
from tests.support.servers import wait_for


@pytest.fixture
def folder(tmp_path):
    """Twelve pictures of each class, a note among them, and a file that is not yet there."""
    path = tmp_path / "pictures"
    for seed in range(12):
        for label in tiny.LABELS:
            name = "{:02d}/{}.png".format(seed, label.split()[0])
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(tiny.encode(tiny.picture(label, seed), ".png"))
    (path / "03" / "note.txt").write_bytes(b"call the supplier")
    (path / "03" / "late.png.part").write_bytes(b"half")
    return path


def film(path, labels, fps=10):
    """Write a video that shows each label for a second."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), fps, (160, 120))
    for number in range(fps * len(labels)):
        rgb = tiny.picture(labels[number // fps], seed=number, size=(120, 160))
        writer.write(np.ascontiguousarray(rgb[..., ::-1]))
    writer.release()
    return path


def replay(labeld, given, out, *options):
    """Run it; return (exit code, stdout, the events)."""
    code, text, errors = commands.labeld(
        "replay", "-c", labeld.config, "--input", given, "--out", out, *options
    )
    assert "Traceback" not in errors
    if not out.exists():
        return code, errors, []
    return code, text, [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def test_a_folder_gives_the_same_lines_every_time(labeld, folder, tmp_path):
    code, text, events = replay(labeld, folder, tmp_path / "first.jsonl")
    assert code == 0
    assert "37 events" in text
    assert [event["image"] for event in events] == sorted(event["image"] for event in events)
    for event in events:
        if event["image"] == "03/note.txt":
            assert event["error"]
        else:
            assert event["label"].split()[0] == event["image"][3:-4]
            assert event["captured_at"] == "1970-01-01T00:00:00.000Z"
            assert (event["device"], event["source"]) == ("replay", "drop")
            assert "age_ms" not in event
    replay(labeld, folder, tmp_path / "second.jsonl")
    assert (tmp_path / "first.jsonl").read_bytes() == (tmp_path / "second.jsonl").read_bytes()


def test_a_video_is_a_camera_on_the_film_s_own_clock(labeld, tmp_path):
    shown = ["red", "green & more", "blue", "blue"]
    given = film(tmp_path / "film.avi", shown)
    source = {"name": "aisle", "kind": "camera", "url": "rtsp://nowhere/", "fps": 2}
    labeld.configure(sources=[source])
    code, _, events = replay(labeld, given, tmp_path / "every.jsonl")
    assert code == 0
    assert 8 <= len(events) <= 9
    assert [event["label"] for event in events] == [shown[second(event)] for event in events]
    assert [event["image"] for event in events][:2] == ["frame-1", "frame-2"]

    labeld.configure(sources=[dict(source, publish="change", heartbeat_s=1.5)])
    _, _, events = replay(labeld, given, tmp_path / "changes.jsonl")
    assert [(second(event), event["label"]) for event in events] == list(enumerate(shown))


def second(event):
    """Return the second of the film that an event is of."""
    assert event["captured_at"].startswith("1970-01-01T00:00:")
    return int(event["captured_at"][17:19])


def test_the_source_can_be_named(labeld, tmp_path):
    given = film(tmp_path / "film.avi", ["red"])
    cameras = [
        {"name": name, "kind": "camera", "url": "rtsp://nowhere/" + name, "fps": fps}
        for name, fps in (("one", 1), ("two", 5))
    ]
    labeld.configure(sources=cameras)
    slow = replay(labeld, given, tmp_path / "one.jsonl")[2]
    fast = replay(labeld, given, tmp_path / "two.jsonl", "--source", "two")[2]
    assert {event["source"] for event in slow} == {"one"}
    assert {event["source"] for event in fast} == {"two"}
    assert len(fast) > 2 * len(slow)
    code, errors, _ = replay(labeld, given, tmp_path / "no.jsonl", "--source", "three")
    assert code == 1
    assert "no source 'three'" in errors


def test_changes_are_printed_and_counted(labeld, folder, tmp_path):
    replay(labeld, folder, tmp_path / "before.jsonl")
    same = ["--compare", tmp_path / "before.jsonl"]
    code, text, _ = replay(labeld, folder, tmp_path / "after.jsonl", *same)
    assert code == 0
    assert "37 of 37 labels are the same" in text
    assert "scores differ by 0.000 at most, by 0.0000 on average" in text

    (folder / "05" / "red.png").write_bytes(tiny.encode(tiny.picture("blue", 5), ".png"))
    (folder / "06" / "red.png").unlink()
    (folder / "07" / "new.png").write_bytes(tiny.encode(tiny.picture("blue", 7), ".png"))
    code, text, _ = replay(labeld, folder, tmp_path / "after.jsonl", *same)
    assert code == 1
    lines = text.splitlines()
    assert any(line.startswith("05/red.png: 'blue' (") and "'red' (" in line for line in lines)
    assert "06/red.png: only in {}".format(tmp_path / "before.jsonl") in lines
    assert "07/new.png: only in {}".format(tmp_path / "after.jsonl") in lines
    assert "35 of 36 labels are the same" in lines


def test_what_cannot_be_read_is_said(labeld, folder, tmp_path):
    code, errors, _ = replay(labeld, tmp_path / "none.mp4", tmp_path / "out.jsonl")
    assert code == 1
    assert "none.mp4: there is no such file" in errors
    assert not (tmp_path / "out.jsonl").exists()
    code, errors, _ = replay(labeld, folder, tmp_path / "gone" / "out.jsonl")
    assert code == 1
    assert "it cannot be written: No such file or directory" in errors
    (tmp_path / "other.jsonl").write_text("no JSON")
    compared = ["--compare", tmp_path / "other.jsonl"]
    code, _, errors = commands.labeld(
        "replay", "-c", labeld.config, "--input", folder, "--out", tmp_path / "o", *compared
    )
    assert code == 1
    assert "other.jsonl: not events of labeld replay" in errors


def test_a_graph_that_fails_ends_it_at_once(labeld, folder, tmp_path, tiny_bundle, monkeypatch):
    def broken(rows):
        raise RuntimeError("out of memory")

    graph = tiny.FunctionGraph(broken)
    model = LoadedModel(tiny_bundle, graph, Slots(8, 1e6), seconds={}, zero_copy=None)
    monkeypatch.setattr(replays, "_model", lambda _: model)
    settings, raised = load(labeld.config), []

    def run():
        try:
            replays.run(settings, str(folder), str(tmp_path / "out.jsonl"))
        except LabeldError as error:
            raised.append(str(error))

    threading.Thread(target=run, daemon=True).start()
    wait_for(lambda: raised, "it ends, rather than wait for what can never be done")
    assert raised == ["classify failed: out of memory"]
