"""SIGHUP: the configuration is read again while the daemon serves."""

import json
import os
import signal

import pytest

from tests.support import cameras, servers, tiny
from tests.support.servers import wait_for

DUTCH = ("rood", "groen", "blauw")


@pytest.fixture
def camera_of():
    """Return a function that gives the address of an HTTP camera that sees a colour."""
    started = []

    def start(label):
        pictures = [tiny.encode(tiny.picture(label, seed)) for seed in range(5)]
        started.append(cameras.MjpegServer(pictures))
        return started[-1].url

    yield start
    for server in started:
        server.close()


def camera(name, url, **settings):
    return dict({"name": name, "kind": "camera", "url": url, "fps": 10}, **settings)


def retained(port, topic):
    """Return {topic: payload} of what a broker keeps for who comes late."""
    late = servers.Subscriber(port, topic, "late-for-" + topic.replace("/", "-"))
    last = topic.replace("#", "all-retained-came-before-this")
    late.publish(last, b"")
    wait_for(lambda: last in [m.topic for m in list(late.messages)], "the retained")
    late.close()
    return {m.topic: m.payload.decode("utf-8") for m in late.messages if m.retain}


@pytest.fixture
def swapped(labeld, subscriber, broker, camera_of):
    """A Labeld whose sources were swapped: `comes` came, `goes` went, `changes` and `drop` changed.

    The camera `changes` saw blue and now sees red; what is dropped is now deleted.
    """
    red, blue = camera_of("red"), camera_of("blue")
    drop = {"name": "drop", "kind": "folder", "path": labeld.drop}
    mqtt = {"host": "127.0.0.1", "port": broker.port, "discovery": "homeassistant"}
    stays = camera("stays", red)
    before = [stays, camera("goes", blue), drop, camera("changes", blue)]
    labeld.configure(sources=before, mqtt=mqtt)
    labeld.start_ready()
    for name in ("stays", "goes", "changes"):
        wait_for(lambda name=name: len(subscriber.events(name + "/label")) > 3, name)
    changed = camera("changes", red, rotate=90)
    labeld.configure(sources=[camera("comes", blue), changed, stays, dict(drop, after="delete")])
    assert labeld.reload()
    return labeld


def test_a_source_that_comes_or_changes_is_served_as_the_file_now_says(swapped, subscriber):
    wait_for(lambda: subscriber.events("comes/label"), "the new camera's label")
    wait_for(lambda: subscriber.events("changes/label")[-1]["label"] == "red", "the other picture")
    swapped.drop_file("one.png", tiny.encode(tiny.picture("red"), ".png"))
    wait_for(lambda: subscriber.events("drop/label"), "the file's label")
    wait_for(lambda: swapped.waiting() == [], "the file is deleted")
    assert not os.listdir(os.path.join(swapped.drop, "done"))
    assert 'labeld_source_up{source="comes"} 1.0' in swapped.get("/metrics")[1]
    assert swapped.end() == 0, swapped.log()
    assert "Traceback" not in swapped.log()


def test_a_camera_that_stays_is_not_opened_again(swapped, subscriber):
    before = len(subscriber.payloads("stays/label"))
    wait_for(lambda: len(subscriber.payloads("stays/label")) > before + 3, "more of it")
    numbers = [int(event["image"].split("-")[1]) for event in subscriber.events("stays/label")]
    assert numbers == sorted(set(numbers)), "a camera's pictures are numbered from its opening"


def test_a_camera_that_goes_takes_what_is_retained_of_it_along(swapped, subscriber, broker):
    wait_for(lambda: subscriber.payloads("goes/label")[-1] == b"", "its last label is taken back")
    wait_for(lambda: subscriber.events("comes/status"), "the new camera's status")
    kept = retained(broker.port, "labeld/#")
    assert not [topic for topic in kept if topic.startswith("labeld/bench/goes/")]
    assert json.loads(kept["labeld/bench/comes/status"])["status"] == "live"
    assert 'source="goes"' not in swapped.get("/metrics")[1]


@pytest.fixture
def home(broker):
    """What Home Assistant is told."""
    client = servers.Subscriber(broker.port, "homeassistant/#", "home")
    yield client
    client.close()


@pytest.fixture
def announced(labeld, broker, home, camera_of):
    """A Labeld that has announced `stays` and `goes`, and is configured to have `stays` alone."""
    stays, goes = (camera(name, camera_of("red")) for name in ("stays", "goes"))
    mqtt = {"host": "127.0.0.1", "port": broker.port, "discovery": "homeassistant"}
    labeld.configure(sources=[stays, goes], mqtt=mqtt)
    labeld.start_ready()
    wait_for(lambda: len(home.payloads("config")) == 2, "two announcements")
    labeld.configure(sources=[stays])
    return labeld


def is_withdrawn(home):
    last = home.messages[-1]
    return last.payload == b"" and "/goes/" in last.topic


def test_home_assistant_forgets_a_camera_that_goes(announced, home):
    assert announced.reload()
    wait_for(lambda: len(home.payloads("config")) == 3, "the withdrawal")
    assert is_withdrawn(home)


def test_what_went_while_it_did_not_run_leaves_nothing_behind(announced, home, subscriber, broker):
    wait_for(lambda: subscriber.events("goes/label"), "a label of the camera")
    wait_for(lambda: subscriber.events("stays/label"), "a label of the other")
    assert announced.end() == 0, announced.log()
    announced.start_ready()
    wait_for(lambda: is_withdrawn(home), "the withdrawal")
    wait_for(lambda: subscriber.payloads("goes/label")[-1] == b"", "its last label is taken back")
    wait_for(lambda: subscriber.payloads("goes/status")[-1] == b"", "and its status")
    kept = retained(broker.port, "labeld/#")
    assert {topic.split("/")[2] for topic in kept} == {"stays", "status"}


def test_a_camera_whose_name_a_folder_takes_leaves_no_label_behind(
    labeld, subscriber, broker, camera_of
):
    labeld.configure(sources=[camera("drop", camera_of("red"))])
    labeld.start_ready()
    wait_for(lambda: subscriber.events("drop/label"), "a label of the camera")
    labeld.configure(sources=[{"name": "drop", "kind": "folder", "path": labeld.drop}])
    assert labeld.reload()
    wait_for(lambda: subscriber.payloads("drop/label")[-1] == b"", "its last label is taken back")
    kept = retained(broker.port, "labeld/#")
    assert sorted(kept) == ["labeld/bench/drop/status", "labeld/bench/status"]
    assert 'labeld_source_up{source="drop"} 1.0' in labeld.get("/metrics")[1]


def test_what_is_decided_and_batched_changes_too(labeld, subscriber):
    labeld.start_ready()
    labeld.configure(decide={"threshold": 1, "top": 2}, batch={"max_size": 2})
    assert labeld.reload()
    assert labeld.log().count("loaded in") == 2, "for batches of another size"
    labeld.drop_file("one.png", tiny.encode(tiny.picture("red"), ".png"))
    wait_for(lambda: subscriber.events("drop/label"), "a label")
    event = subscriber.events("drop/label")[0]
    assert (event["label"], len(event["top"])) == ("unknown", 2)


def test_a_folder_that_changes_while_the_broker_is_away_labels_each_file_once(
    labeld, subscriber, broker
):
    labeld.start_ready()
    broker.stop()
    names = ["{}.png".format(seed) for seed in range(8)]
    for seed, name in enumerate(names):
        labeld.drop_file(name, tiny.encode(tiny.picture("blue", seed), ".png"))
    wait_for(lambda: "labeld_outbox_messages 8.0" in labeld.get("/metrics")[1], "all in the outbox")
    changed = {"name": "drop", "kind": "folder", "path": labeld.drop, "watch": "poll"}
    labeld.configure(sources=[changed])
    assert labeld.reload()
    broker.start()
    wait_for(lambda: labeld.waiting() == [], "all are put away")
    labeld.drop_file("last.png", tiny.encode(tiny.picture("red"), ".png"))

    def images():
        return [event["image"] for event in subscriber.events("label")]

    wait_for(lambda: "last.png" in images(), "the last label")
    assert sorted(images()) == [*names, "last.png"], (
        "each once, in whatever order they were decoded"
    )


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"decide": {"treshold": 1}}, "decide.treshold: unknown key; did you mean 'threshold'?"),
        ({"sources": []}, "sources: [] is not a list of at least one source"),
        ({"device": "other"}, "device: it has changed, and only a restart changes it"),
        ({"batch": {"max_size": 0}}, "batch.max_size: 0 is not a whole number from 1 to 256"),
        ({"model": {"bundle": "gone"}}, "gone/bundle.json: No such file or directory: is this"),
    ],
)
def test_a_file_with_a_fault_is_refused_whole_and_the_old_one_goes_on(
    labeld, subscriber, tiny_bundle, wrong, told
):
    labeld.start_ready()
    other = {"name": "other", "kind": "folder", "path": labeld.drop}
    labeld.configure(**dict({"sources": [other]}, **wrong))
    assert not labeld.reload()
    assert told in labeld.log()
    assert "labeld_config_last_reload_successful 0.0" in labeld.get("/metrics")[1]
    labeld.drop_file("one.png", tiny.encode(tiny.picture("red"), ".png"))
    wait_for(lambda: subscriber.events("drop/label"), "a label under the old name")

    right = {"decide": {"threshold": 0}, "device": "bench", "batch": {"max_size": 4}}
    labeld.configure(sources=[other], model={"bundle": tiny_bundle.path}, **right)
    assert labeld.reload()
    assert "labeld_config_last_reload_successful 1.0" in labeld.get("/metrics")[1]
    labeld.drop_file("two.png", tiny.encode(tiny.picture("red"), ".png"))
    wait_for(lambda: subscriber.events("other/label"), "a label under the new name")


def test_another_bundle_takes_over_and_no_picture_is_lost(labeld, subscriber, tmp_path):
    dutch = tiny.write_bundle(tmp_path / "dutch", labels=DUTCH, batch_sizes=(1, 4))
    labeld.start_ready()
    count = 0

    def drop(pictures):
        nonlocal count
        for _ in range(pictures):
            picture = tiny.encode(tiny.picture("blue", count), ".png")
            labeld.drop_file("{:03d}.png".format(count), picture)
            count += 1

    drop(100)
    labeld.configure(model={"bundle": dutch.path}, batch={"max_size": 3})
    assert labeld.reload()
    drop(20)
    wait_for(lambda: len(subscriber.events("label")) >= count, "all labels")
    events = subscriber.events("label")
    assert sorted(event["image"] for event in events) == [
        "{:03d}.png".format(number) for number in range(count)
    ]
    said = [(event["label"], event["model"].split("-")[0]) for event in events]
    assert said == sorted(said, key=lambda pair: pair[1] == "dutch"), (
        "first the one, then the other"
    )
    assert set(said) == {("blue", "tiny"), ("blauw", "dutch")}
    assert said.count(("blauw", "dutch")) >= 20
    info = [line for line in labeld.get("/metrics")[1].splitlines() if "labeld_model_info{" in line]
    assert info == [
        'labeld_model_info{model="%s",precision="fp32",runtime="tensorflow"} 1.0' % dutch.model
    ]
    assert labeld.end() == 0, labeld.log()
    assert "Traceback" not in labeld.log()


def test_a_bundle_that_this_machine_does_not_reproduce_leaves_the_old_one_in_place(
    labeld, subscriber, tmp_path
):
    wrong = tiny.write_bundle(tmp_path / "wrong", labels=DUTCH, off=0.1)
    labeld.start_ready()
    labeld.configure(model={"bundle": wrong.path})
    assert not labeld.reload()
    assert "scores are 0.1 off the record" in labeld.log()
    labeld.drop_file("one.png", tiny.encode(tiny.picture("blue"), ".png"))
    wait_for(lambda: subscriber.events("label"), "a label")
    assert subscriber.events("label")[0]["label"] == "blue"


def test_a_bundle_replaced_in_its_place_is_noticed(labeld, subscriber, tmp_path):
    tiny.write_bundle(tmp_path / "model")
    labeld.configure(model={"bundle": str(tmp_path / "model")})
    labeld.start_ready()
    assert labeld.reload()
    assert labeld.log().count("loaded in") == 1, "the same bundle is not loaded again"
    tiny.write_bundle(tmp_path / "model", labels=DUTCH)
    assert labeld.reload()
    labeld.drop_file("one.png", tiny.encode(tiny.picture("blue"), ".png"))
    wait_for(lambda: subscriber.events("label"), "a label")
    assert subscriber.events("label")[0]["label"] == "blauw"


def test_a_hang_up_while_it_starts_is_heeded_and_one_while_it_stops_does_no_harm(labeld):
    labeld.start()
    wait_for(lambda: "listening" in labeld.log(), "it has begun")
    labeld.send(signal.SIGHUP)
    wait_for(lambda: "is in force" in labeld.log(), "it is read again once all is ready")
    labeld.send(signal.SIGHUP)
    assert labeld.end() == 0, labeld.log()
    assert "Traceback" not in labeld.log()
