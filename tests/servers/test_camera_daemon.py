"""Cameras in the running daemon: labels, late subscribers, what one's fault costs the others."""

import json
import signal

import cv2
import numpy as np
import pytest

from edge.prepare.preprocess import preprocess_into
from tests.support import cameras, servers, tiny
from tests.support.servers import wait_for


@pytest.fixture
def red():
    """An HTTP camera that sees red."""
    server = cameras.MjpegServer([tiny.encode(tiny.picture("red", seed)) for seed in range(5)])
    yield server
    server.close()


@pytest.fixture
def serve(tmp_path, broker, tiny_bundle):
    """Return a function that starts a Labeld with the sources it is given."""
    started = []

    def start(*sources):
        daemon = servers.Labeld(
            tmp_path / "labeld",
            model={"bundle": tiny_bundle.path},
            mqtt={"host": "127.0.0.1", "port": broker.port},
            sources=list(sources),
        )
        started.append(daemon)
        daemon.start_ready()
        return daemon

    yield start
    for daemon in started:
        daemon.kill()


def camera(name, url, **settings):
    return dict({"name": name, "kind": "camera", "url": url, "fps": 10}, **settings)


@pytest.fixture
def blue(tmp_path):
    """The path of a short film of blue."""
    path = str(tmp_path / "blue.avi")
    writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"MJPG"), 25, (160, 120))
    for seed in range(5):
        writer.write(tiny.picture("blue", seed)[..., ::-1])
    writer.release()
    return path


@pytest.fixture
def drop(tmp_path):
    """A folder source, and a picture in its folder."""
    (tmp_path / "drop").mkdir()
    (tmp_path / "drop" / "one.png").write_bytes(tiny.encode(tiny.picture("green & more"), ".png"))
    return {"name": "drop", "kind": "folder", "path": str(tmp_path / "drop")}


def nowhere():
    return "rtsp://127.0.0.1:{}/x".format(servers.free_port())


def test_cameras_and_a_folder_are_labelled_side_by_side(serve, subscriber, red, blue, drop):
    serve(camera("red", red.url), camera("blue", blue, loop=True), drop)
    for name, label in (("red", "red"), ("blue", "blue"), ("drop", "green & more")):
        wait_for(lambda name=name: subscriber.events(name + "/label"), name)
        assert {event["label"] for event in subscriber.events(name + "/label")} == {label}


def test_each_picture_of_a_camera_has_a_label_of_its_own(serve, subscriber, red):
    serve(camera("red", red.url))
    wait_for(lambda: len(subscriber.events("red/label")) > 10, "labels")
    events = subscriber.events("red/label")
    assert len({event["id"] for event in events}) == len(events)
    moments = [event["captured_at"] for event in events]
    assert moments == sorted(set(moments))


def test_a_camera_that_is_not_there_is_stale_and_holds_up_nothing(serve, subscriber, red):
    daemon = serve(camera("nowhere", nowhere()), camera("red", red.url))
    wait_for(lambda: subscriber.events("red/label"), "a label of the other")
    wait_for(lambda: subscriber.events("nowhere/status"), "its status")
    status = subscriber.events("nowhere/status")[-1]
    assert status["status"] == "stale"
    assert "Connection refused" in status["reason"]
    assert subscriber.events("red/status")[-1]["status"] == "live"
    assert daemon.get("/readyz")[0] == 200
    page = daemon.get("/metrics")[1]
    assert 'labeld_source_up{source="nowhere"} 0.0' in page
    assert 'labeld_source_up{source="red"} 1.0' in page


def test_who_comes_late_gets_a_camera_s_last_label_and_none_of_a_folder(
    serve, subscriber, broker, red, blue, drop
):
    serve(camera("red", red.url), camera("blue", blue, loop=True), drop)
    for name in ("red", "blue", "drop"):
        wait_for(lambda name=name: subscriber.events(name + "/label"), name)
    late = servers.Subscriber(broker.port, "labeld/bench/+/label", "late")
    try:
        wait_for(lambda: late.events("red/label") and late.events("blue/label"), "both cameras'")
        assert any(message.retain for message in late.messages if "red" in message.topic)
        assert not late.events("drop/label")
    finally:
        late.close()


def test_only_changes_are_published_and_a_slip_is_no_change(serve, subscriber):
    shown = ["red"] * 12 + ["blue"] + ["red"] * 6 + ["blue"] * 12
    pictures = [tiny.encode(tiny.picture(label, seed)) for seed, label in enumerate(shown)]
    server = cameras.MjpegServer(pictures, fps=10)
    try:
        daemon = serve(
            camera("door", server.url, fps=20, publish="change", hold={"results": 3}),
            camera("unsure", server.url, threshold=1.0, publish="change", heartbeat_s=0.5),
        )
        wait_for(lambda: len(subscriber.events("door/label")) >= 4, "four changes")
        wait_for(lambda: len(subscriber.events("unsure/label")) >= 4, "four heartbeats")
        page = daemon.get("/metrics")[1]
    finally:
        server.close()
    labels = [event["label"] for event in subscriber.events("door/label")]
    assert all(label != other for label, other in zip(labels, labels[1:]))
    assert 'labeld_frames_total{outcome="unchanged",source="door"} 0.0' not in page
    assert {event["label"] for event in subscriber.events("unsure/label")} == {"unknown"}


def test_a_frozen_camera_says_so_and_gives_no_label_until_it_moves(serve, subscriber):
    server = cameras.MjpegServer([tiny.encode(tiny.picture("red"))], fps=10)
    try:
        daemon = serve(camera("aisle", server.url, validity={"frozen_s": 1}))
        wait_for(
            lambda: [event["status"] for event in subscriber.events("aisle/status")][-1:]
            == ["frozen"],
            "the status frozen",
        )
        assert 'labeld_source_up{source="aisle"} 0.0' in daemon.get("/metrics")[1]
        since = subscriber.events("aisle/status")[-1]["since"]
        connections = server.connections
        unchanged = 'labeld_frames_total{outcome="unchanged",source="aisle"} 5.0'
        wait_for(lambda: unchanged in daemon.get("/metrics")[1], "pictures without a label")
        server.pictures = [tiny.encode(tiny.picture("blue", seed)) for seed in range(5)]
        wait_for(
            lambda: subscriber.events("aisle/label")[-1]["label"] == "blue", "a label once more"
        )
    finally:
        server.close()
    events = subscriber.events("aisle/label")
    assert all(event["captured_at"] < since for event in events if event["label"] == "red")
    assert {event["status"] for event in events} == {"live"}
    assert subscriber.events("aisle/status")[-1]["status"] in ("live", "stale")
    assert connections == 1


def test_a_dark_camera_says_so_in_its_labels(serve, subscriber):
    night = [tiny.encode(tiny.picture("red", seed) // 30) for seed in range(5)]
    server = cameras.MjpegServer(night, fps=10)
    try:
        serve(camera("yard", server.url, validity={"after_s": 0.5}))
        wait_for(lambda: subscriber.events("yard/label"), "a label")
        wait_for(lambda: subscriber.events("yard/label")[-1]["status"] == "dark", "dark")
        status = subscriber.events("yard/status")[-1]
    finally:
        server.close()
    assert status["status"] == "dark"
    assert status["reason"] == "its pictures are darker than 16 of 255"


def test_a_broker_s_outage_loses_no_label_of_a_camera(serve, subscriber, broker, red):
    daemon = serve(camera("red", red.url))
    wait_for(lambda: subscriber.events("red/label"), "a label")
    broker.stop()
    wait_for(lambda: "labeld_outbox_messages 5" in daemon.get("/metrics")[1], "five kept")
    broker.start()
    wait_for(lambda: "labeld_outbox_messages 0" in daemon.get("/metrics")[1], "all delivered")
    assert daemon.end() == 0
    wait_for(lambda: subscriber.payloads("bench/status")[-1:] == [b"offline"], "offline")
    numbers = {int(event["image"].split("-")[1]) for event in subscriber.events("red/label")}
    assert numbers == set(range(1, max(numbers) + 1))


def test_a_camera_s_labels_outlive_an_outage_with_a_restart_in_it(serve, subscriber, broker, red):
    daemon = serve(camera("red", red.url))
    wait_for(lambda: subscriber.events("red/label"), "a label")
    broker.stop()
    wait_for(lambda: "labeld_outbox_messages 12" in daemon.get("/metrics")[1], "some are kept")
    assert daemon.end() == 0, daemon.log()
    daemon.start_ready()
    wait_for(lambda: "labeld_outbox_messages 2" in daemon.get("/metrics")[1], "more are kept")
    broker.start()
    wait_for(lambda: "labeld_outbox_messages 0" in daemon.get("/metrics")[1], "all delivered")
    assert daemon.end() == 0, daemon.log()
    wait_for(lambda: subscriber.payloads("bench/status")[-1:] == [b"offline"], "offline")
    events = subscriber.events("red/label")
    late = [event for event in events if event.get("delayed")]
    moments = [event["captured_at"] for event in late]
    assert len(late) >= 12
    assert moments == sorted(moments)
    kept = [m for m in subscriber.messages if m.topic.endswith("red/label") and m.retain]
    assert not any(b"delayed" in message.payload for message in kept)


def test_a_silent_camera_holds_up_neither_the_labels_of_others_nor_the_stop(serve, subscriber, red):
    silent = cameras.MjpegServer([b""])
    silent.fault = "silent"
    try:
        daemon = serve(camera("silent", silent.url, timeout_s=60), camera("red", red.url))
        wait_for(lambda: silent.connections, "the silent one is asked")
        wait_for(lambda: len(subscriber.events("red/label")) > 5, "labels of the other")
        assert daemon.end(signal.SIGTERM) == 0, daemon.log()
        assert "did not end in time" not in daemon.log()
    finally:
        silent.close()


def test_a_real_scene_over_rtsp_is_what_training_would_have_seen(serve, subscriber, tmp_path):
    pictures = cameras.scene(20)
    rtsp = cameras.RtspServer(tmp_path, pictures)
    rtsp.start()
    try:
        daemon = serve(camera("square", rtsp.url))
        wait_for(lambda: len(subscriber.events("square/label")) > 5, "labels", 90.0)
        assert daemon.end() == 0
    finally:
        rtsp.kill()
    row = np.empty((1, 299, 299, 3), np.uint8)
    preprocess_into(pictures[0][..., ::-1].copy(), row[0])
    expected = tiny.scores(row)[0]
    for event in subscriber.events("square/label"):
        assert event["label"] == tiny.LABELS[expected.argmax()]
        assert event["score"] == pytest.approx(expected.max(), abs=0.05), json.dumps(event)
