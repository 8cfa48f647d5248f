"""Pictures out: the row that was classified, at a real broker."""

import json

import cv2
import paho.mqtt.client as paho
import pytest
import simplejpeg

from edge.prepare.preprocess import ROW
from tests.support import cameras, servers, tiny
from tests.support.homeassistant import check_image
from tests.support.servers import wait_for


@pytest.fixture
def everything(broker):
    client = servers.Subscriber(broker.port, "#", "everything", paho.MQTTv5)
    yield client
    client.close()


def drop(labeld, **settings):
    return dict({"name": "drop", "kind": "folder", "path": labeld.drop}, **settings)


def last_levels(subscriber):
    """Return the last level of each topic that was told of the source `drop`, in order."""
    topics = [topic.split("/") for topic, _ in subscriber.told()]
    return [levels[-1] for levels in topics if levels[-2:-1] == ["drop"]]


def test_a_label_s_picture_comes_after_its_event_and_is_what_was_classified(labeld, everything):
    labeld.configure(sources=[drop(labeld, publish_picture="label")])
    labeld.start_ready()
    labeld.drop_file("a.png", tiny.encode(tiny.picture("blue"), ".png"))
    wait_for(lambda: everything.payloads("drop/picture"), "the picture")
    levels = last_levels(everything)
    assert levels.index("label") < levels.index("picture")
    (message,) = [one for one in everything.messages if one.topic.endswith("drop/picture")]
    assert message.properties.ContentType == "image/jpeg"
    assert not hasattr(message.properties, "PayloadFormatIndicator")  # it is no text
    (event,) = everything.events("drop/label")
    assert dict(message.properties.UserProperty)["id"] == event["id"]
    picture = simplejpeg.decode_jpeg(message.payload)
    assert picture.shape == ROW
    red, green, blue = picture.reshape(-1, 3).mean(axis=0)
    assert blue > 150 > red
    assert not message.retain


def test_what_a_motion_jpeg_camera_sends_is_prepared_as_a_file_is(labeld, everything):
    picture = cameras.jpeg(cv2.resize(cameras.scene(1)[0], (1920, 1080)))
    camera = cameras.MjpegServer([picture], fps=5)
    door = {"name": "door", "kind": "camera", "url": camera.url, "fps": 5}
    try:
        labeld.configure(
            sources=[drop(labeld, publish_picture="label"), dict(door, publish_picture="label")],
            decide={"threshold": 0, "familiar": 0},
        )
        labeld.start_ready()
        labeld.drop_file("a.jpg", picture)
        for source in ("drop", "door"):
            topic = source + "/picture"
            wait_for(lambda topic=topic: everything.payloads(topic), "the picture")
    finally:
        camera.close()
    shown = {everything.payloads(source + "/picture")[0] for source in ("drop", "door")}
    assert len(shown) == 1


def test_only_pictures_that_are_unknown_are_published_where_that_is_asked_for(labeld, everything):
    labeld.configure(
        sources=[drop(labeld, publish_picture="unknown", threshold=1.0)],
        decide={"threshold": 0, "familiar": 1.0},
    )
    labeld.start_ready()
    labeld.drop_file("a.png", tiny.encode(tiny.picture("red"), ".png"))
    wait_for(lambda: everything.payloads("drop/picture"), "the unknown one's picture")
    labeld.configure(sources=[drop(labeld, publish_picture="unknown", threshold=0)])
    assert labeld.reload()
    labeld.drop_file("b.png", tiny.encode(tiny.picture("red", 1), ".png"))
    wait_for(lambda: len(everything.events("drop/label")) == 2, "the sure one's label")
    assert labeld.end() == 0
    assert len(everything.payloads("drop/picture")) == 1


def test_without_being_asked_none_is_published(labeld, everything):
    labeld.start_ready()
    labeld.drop_file("a.png", tiny.encode(tiny.picture("red"), ".png"))
    wait_for(lambda: everything.events("drop/label"), "the label")
    assert labeld.end() == 0
    assert everything.payloads("picture") == []


@pytest.fixture
def at_the_door(labeld, broker, everything, door):
    """A ready Labeld with a camera whose pictures are published, and announced."""
    camera = {"name": "door", "kind": "camera", "url": door.url, "fps": 5}
    mqtt = {"host": "127.0.0.1", "port": broker.port, "discovery": "homeassistant"}
    labeld.configure(sources=[dict(camera, publish_picture="label")], mqtt=mqtt)
    labeld.start_ready()
    wait_for(lambda: everything.payloads("door/picture"), "the picture")
    labeld.configure(sources=[camera])
    return labeld


def kept(port, *wanted):
    """Return {topic: payload} of what a broker retains, once it has told of some last levels."""
    client = servers.Subscriber(port, "#", "late")
    for level in wanted:
        wait_for(lambda level=level: client.payloads(level), level + " is retained")
    found = {message.topic: message.payload for message in list(client.messages)}
    client.close()
    return found


def test_a_camera_s_picture_is_retained_and_an_image_in_home_assistant(at_the_door, broker):
    at_the_door.kill()  # so that what comes was retained
    found = kept(broker.port, "door/picture", "door_picture/config")
    assert simplejpeg.decode_jpeg(found["labeld/bench/door/picture"]).shape == ROW
    ((topic, image),) = [
        (topic, json.loads(payload.decode("utf-8")))
        for topic, payload in found.items()
        if topic.startswith("homeassistant/image/")
    ]
    check_image(topic, image)
    assert image["image_topic"] == "labeld/bench/door/picture"


def test_a_camera_that_publishes_none_any_more_takes_its_picture_back(at_the_door, everything):
    assert at_the_door.reload()
    wait_for(lambda: everything.payloads("door/picture")[-1] == b"", "it is taken back")
    config = [
        message.payload
        for message in everything.messages
        if message.topic.startswith("homeassistant/image/")
    ]
    assert config[-1] == b""
