"""A folder in, labels out: the running daemon, a real broker, real signals."""

import os
import re
import shutil
import signal
import socket

import pytest

from edge.prepare import preprocess
from tests.support import poisoned, servers, tiny
from tests.support.servers import wait_for


def pictures(count, extension=".png"):
    """Return {file name: (bytes, label)}."""
    found = {}
    for seed in range(count):
        label = tiny.LABELS[seed % 3]
        data = tiny.encode(tiny.picture(label, seed), extension)
        found["picture {:02d}{}".format(seed, extension)] = (data, label)
    return found


def test_each_picture_becomes_one_label_and_leaves_the_folder(labeld, subscriber):
    sent = pictures(20)
    names = sorted(sent)
    for name in names[:5]:  # some lie there at the start
        labeld.drop_file(name, sent[name][0])
    labeld.start_ready()
    for name in names[5:]:
        labeld.drop_file(name, sent[name][0])

    wait_for(lambda: len(subscriber.events("drop/label")) >= 20, "20 labels")
    wait_for(lambda: not labeld.waiting(), "the drop folder is empty")
    events = subscriber.events("drop/label")
    assert {event["image"]: event["label"] for event in events} == {
        name: label for name, (_, label) in sent.items()
    }
    assert len(events) == 20
    for event in events:
        assert set(event) == {
            *("schema", "id", "device", "source", "image", "captured_at"),
            *("status", "label", "score", "top", "model", "runtime", "precision", "age_ms"),
        }
        data = sent[event["image"]][0]
        expected = tiny.scores(preprocess.load(data)[None])[0].max()
        assert event["score"] == pytest.approx(expected, abs=1e-3)
    assert sorted(os.listdir(os.path.join(labeld.drop, "done"))) == names

    assert labeld.get("/healthz") == (200, "ok\n")
    page = labeld.get("/metrics")[1]
    assert 'labeld_frames_total{outcome="published",source="drop"} 20.0' in page
    assert "labeld_zero_copy 1.0" in page
    assert "labeld_mqtt_connected 1.0" in page

    assert labeld.end() == 0, labeld.log()
    wait_for(lambda: subscriber.payloads("bench/status")[-1:] == [b"offline"], "status offline")
    assert subscriber.payloads("bench/status")[0] == b"online"
    assert "WARNING edge" not in labeld.log(), "TensorFlow has warnings of its own on some machines"


def test_a_lone_picture_waits_for_no_other(labeld, subscriber):
    """Were it to wait for as long as it may, the minute would be over."""
    labeld.configure(batch={"max_delay_ms": 60000})
    labeld.start_ready()
    labeld.drop_file("lone.png", tiny.encode(tiny.picture("red"), ".png"))
    wait_for(lambda: subscriber.events("drop/label"), "its label", seconds=30)
    assert labeld.end() == 0, labeld.log()


def test_a_source_says_how_it_is_to_late_subscribers_too(labeld, broker, subscriber):
    labeld.start_ready()
    wait_for(lambda: subscriber.events("drop/status"), "the source's status")
    os.rename(labeld.drop, labeld.drop + "-away")
    wait_for(lambda: len(subscriber.events("drop/status")) == 2, "another status")
    broker.stop()
    os.rename(labeld.drop + "-away", labeld.drop)
    wait_for(lambda: "source drop: live" in labeld.log().split("No such file")[-1], "it is back")
    broker.start()
    late = servers.Subscriber(broker.port, "labeld/bench/drop/status", "late")
    try:
        wait_for(
            lambda: [event["status"] for event in late.events("drop/status")][-1:] == ["live"],
            "the last word",
        )
        assert late.events("drop/status")[-1]["reason"] is None
    finally:
        late.close()
    assert [event["status"] for event in subscriber.events("drop/status")[:2]] == ["live", "stale"]
    assert "No such file" in subscriber.events("drop/status")[1]["reason"]
    assert labeld.end() == 0, labeld.log()


def test_what_is_no_picture_is_set_aside_with_its_reason(labeld, subscriber):
    labeld.start_ready()
    whole = tiny.encode(tiny.picture("red"), ".jpg")
    labeld.drop_file("cut.jpg", whole[: len(whole) // 2])
    labeld.drop_file("notes.txt", b"call the supplier")
    labeld.drop_file("whole.jpg", whole)
    labeld.drop_file("huge.jpg", b"")
    os.truncate(os.path.join(labeld.drop, "huge.jpg"), 100 * 1024 * 1024 + 1)
    wait_for(lambda: len(subscriber.events("drop/failed")) == 3, "three events on failed")
    wait_for(lambda: not labeld.waiting(), "the drop folder is empty")
    reasons = {event["image"]: event["error"] for event in subscriber.events("drop/failed")}
    assert "end-of-image marker is missing" in reasons["cut.jpg"]
    assert "not JPEG, PNG" in reasons["notes.txt"]
    assert "it has 104857601 bytes" in reasons["huge.jpg"]
    for name, reason in reasons.items():
        path = os.path.join(labeld.drop, "failed", name)
        assert os.path.exists(path)
        with open(path + ".error", encoding="utf-8") as file:
            assert file.read() == reason + "\n"
    assert [event["image"] for event in subscriber.events("drop/label")] == ["whole.jpg"]
    assert labeld.end() == 0, labeld.log()


def test_nothing_is_lost_while_the_broker_is_away(labeld, broker, subscriber):
    sent = pictures(30)
    names = sorted(sent)
    labeld.start_ready()
    for name in names[:10]:
        labeld.drop_file(name, sent[name][0])
    wait_for(lambda: subscriber.events("drop/label"), "a first label")
    broker.stop()
    for name in names[10:]:
        labeld.drop_file(name, sent[name][0])
    wait_for(lambda: "labeld_mqtt_connected 0.0" in labeld.get("/metrics")[1], "the loss is seen")
    wait_for(lambda: not labeld.waiting(), "all are in the outbox, or with the broker")
    broker.start()

    def arrived():
        return {event["image"] for event in subscriber.events("drop/label")} == set(names)

    wait_for(arrived, "a label for each picture")
    ids = {}
    for event in subscriber.events("drop/label"):
        assert ids.setdefault(event["image"], event["id"]) == event["id"]
    assert len(set(ids.values())) == len(names)
    assert labeld.end() == 0, labeld.log()


def test_a_picture_that_was_not_delivered_is_sent_after_a_restart(labeld, broker, subscriber):
    labeld.start_ready()
    broker.stop()
    labeld.drop_file("late.png", tiny.encode(tiny.picture("blue"), ".png"))
    wait_for(lambda: "labeld_outbox_messages 1.0" in labeld.get("/metrics")[1], "a message waits")
    labeld.end(signal.SIGKILL)
    labeld.start_ready()  # without a broker
    wait_for(lambda: not labeld.waiting(), "the outbox has its label")
    labeld.end(signal.SIGKILL)
    labeld.start_ready()
    broker.start()
    wait_for(lambda: subscriber.events("drop/label"), "the label")
    assert labeld.end() == 0, labeld.log()
    (event,) = subscriber.events("drop/label")
    assert (event["label"], event["delayed"]) == ("blue", True)
    assert os.listdir(os.path.join(labeld.drop, "done")) == ["late.png"]


def test_a_full_outbox_leaves_pictures_in_their_folder(labeld, broker, subscriber):
    labeld.configure(
        outbox={"path": os.path.join(labeld.drop, "..", "outbox.db"), "max_messages": 5}
    )
    labeld.start_ready()
    broker.stop()
    for name, (data, _) in pictures(12).items():
        labeld.drop_file(name, data)
    wait_for(lambda: len(labeld.waiting()) == 7, "five are in the outbox")
    broker.start()
    wait_for(lambda: not labeld.waiting(), "all are labelled")
    wait_for(lambda: len(subscriber.events("drop/label")) == 12, "a label for each")
    assert labeld.end() == 0, labeld.log()


def test_a_stop_in_the_middle_leaves_each_picture_either_labelled_or_in_its_place(
    labeld, subscriber
):
    sent = pictures(60)
    labeld.start_ready()
    for name, (data, _) in sent.items():
        labeld.drop_file(name, data)
    wait_for(lambda: subscriber.events("drop/label"), "a first label")
    assert labeld.end() == 0, labeld.log()
    wait_for(lambda: subscriber.payloads("bench/status")[-1:] == [b"offline"], "status offline")
    labelled = [event["image"] for event in subscriber.events("drop/label")]
    assert sorted(labelled) == sorted(os.listdir(os.path.join(labeld.drop, "done")))
    assert sorted(labelled + labeld.waiting()) == sorted(sent)


def test_a_spoilt_bundle_ends_it_with_code_3(labeld, tiny_bundle, tmp_path):
    copy = shutil.copytree(tiny_bundle.path, str(tmp_path / "copy"))
    graph = os.path.join(copy, "saved_model", "saved_model.pb")
    with open(graph, "ab") as file:
        file.write(b"!")
    spoilt = servers.Labeld(tmp_path / "spoilt", model={"bundle": copy})
    spoilt.start()
    wait_for(lambda: spoilt.code() is not None, "labeld ends")
    assert spoilt.code() == 3
    assert graph in spoilt.log()


def test_a_misspelt_key_ends_it_with_code_2_and_names_the_nearest(tmp_path):
    daemon = servers.Labeld(tmp_path, model={"bundel": "x"}, batch={"max_size": 0})
    daemon.start()
    wait_for(lambda: daemon.code() is not None, "labeld ends")
    assert daemon.code() == 2
    assert "model.bundel: unknown key; did you mean 'bundle'?" in daemon.log()
    assert "batch.max_size: 0 is not a whole number from 1 to 256" in daemon.log()


def test_systemd_is_told_when_it_is_ready_and_that_it_lives_and_reloads(labeld, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(tmp_path / "notify"))
        notify.settimeout(servers.SECONDS)

        def told():
            """Return the next message but for those that come again and again."""
            message = notify.recv(4096)
            while message == b"WATCHDOG=1" or message.startswith(b"STATUS="):
                message = notify.recv(4096)
            return message

        labeld.start(NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="1000000")
        assert notify.recv(4096).startswith(b"READY=1\nSTATUS=serving tiny-")
        assert labeld.get("/readyz") == (200, "ok\n")
        assert notify.recv(4096) == b"WATCHDOG=1"
        message = notify.recv(4096)
        while b", 1 of 1 sources up, broker connected, 0 labels wait for it" not in message:
            message = notify.recv(4096)
        labeld.configure(device="other")
        assert not labeld.reload()
        assert told().startswith(b"RELOADING=1\nMONOTONIC_USEC=")
        ready = told()
        assert ready.startswith(b"READY=1\nSTATUS=serving tiny-")
        assert b"the last reload was refused: " in ready
        assert b"device: it has changed" in ready
        assert labeld.end() == 0, labeld.log()
        assert told() == b"STOPPING=1"


def test_a_picture_that_ends_the_process_is_set_aside_and_the_others_are_labelled(
    tmp_path, broker, tiny_bundle, subscriber
):
    mqtt = {"host": "127.0.0.1", "port": broker.port}
    model = {"bundle": tiny_bundle.path}
    labeld = servers.Labeld(tmp_path / "labeld", begin=poisoned.started, model=model, mqtt=mqtt)
    sent = pictures(6)
    for name, (data, _) in sent.items():
        labeld.drop_file(name, data)
    labeld.drop_file("poison.png", poisoned.picture())
    try:
        for _ in range(2):
            labeld.start()
            wait_for(lambda: labeld.code() is not None, "the picture ends it")
            assert labeld.code() == -signal.SIGSEGV, labeld.log()
        labeld.start_ready()
        wait_for(lambda: not labeld.waiting(), "all are put away")
        assert sorted(os.listdir(os.path.join(labeld.drop, "done"))) == sorted(sent)
        failed = os.path.join(labeld.drop, "failed")
        with open(os.path.join(failed, "poison.png.error"), encoding="utf-8") as file:
            assert "ended unexpectedly both times that it was being decoded" in file.read()
        assert os.path.exists(os.path.join(failed, "poison.png"))
        assert labeld.end() == 0
    finally:
        labeld.kill()


def test_pictures_that_wait_go_through_the_graph_several_at_a_time(labeld, subscriber):
    """The number of runs is what a backlog costs; how long each takes is no test's affair."""
    count, max_size = 48, 8
    large = {"size": (900, 1200)}  # decoding takes its time: others are always on their way
    for seed in range(count):
        labeld.drop_file("{}.jpg".format(seed), tiny.encode(tiny.picture("red", seed, **large)))
    labeld.configure(batch={"max_size": max_size, "max_delay_ms": 60000})
    labeld.start_ready()
    wait_for(lambda: len(subscriber.events("drop/label")) >= count, "their labels")
    runs = float(re.search(r"labeld_batch_size_count (\S+)", labeld.get("/metrics")[1]).group(1))
    assert count / max_size <= runs <= count / 4
    assert labeld.end() == 0, labeld.log()
