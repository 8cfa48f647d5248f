"""Pictures out: when the row that was classified is published."""

import numpy as np
import pytest
import simplejpeg

from edge.config.fields import EACH_PICTURE, NO_PICTURE, UNKNOWN_PICTURE
from edge.decide.news import Policy
from edge.deliver.pictures import Pictures
from edge.deliver.statuses import Statuses
from edge.prepare.preprocess import ROW
from tests.support.outboxes import TOPICS, label

TOPIC = TOPICS.picture("drop")


class Street:
    """Pictures, and what the broker would be told."""

    def __init__(self, picture=EACH_PICTURE, retain=False):
        self.statuses = Statuses()
        self.pictures = Pictures(TOPICS, self.statuses)
        self._policy = Policy(retain=retain, picture=picture)

    def offer(self, identity, said="apple", grey=0):
        row = np.full(ROW, grey, np.uint8)
        self.pictures.offer("drop", self._policy, identity, said, row)

    def acknowledge(self, identity):
        self.pictures.acknowledged(label(identity, user_properties=(("id", identity),)))

    def told(self):
        found = self.statuses.next_untold()
        return None if found is None else found


def test_a_picture_is_published_once_its_event_is_acknowledged_and_not_before():
    street = Street()
    street.offer("0a", grey=200)
    assert street.told() is None
    street.acknowledge("another")
    assert street.told() is None
    street.acknowledge("0a")
    topic, word = street.told()
    assert topic == TOPIC
    assert (word.properties.content_type, word.retain) == ("image/jpeg", False)
    assert word.properties.user_properties == (("id", "0a"),)
    decoded = simplejpeg.decode_jpeg(word.payload)
    assert decoded.shape == ROW
    assert abs(int(decoded.mean()) - 200) <= 1
    street.acknowledge("0a")
    assert street.told() is None


def test_a_camera_s_picture_is_retained_and_taken_back_with_the_camera():
    street = Street(retain=True)
    street.offer("0a")
    street.acknowledge("0a")
    assert street.told()[1].retain
    street.pictures.forget("drop")
    topic, word = street.told()
    assert (topic, word.payload, word.retain) == (TOPIC, b"", True)


@pytest.mark.parametrize(
    ("wanted", "said", "published"),
    [
        (NO_PICTURE, "unknown", False),
        (UNKNOWN_PICTURE, "apple", False),
        (UNKNOWN_PICTURE, "unknown", True),
        (EACH_PICTURE, "unknown", True),
    ],
)
def test_which_pictures_are_published(wanted, said, published):
    street = Street(wanted)
    street.offer("0a", said)
    street.acknowledge("0a")
    assert (street.told() is not None) == published


def test_a_source_publishes_one_picture_a_second_at_the_most(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("edge.deliver.pictures.time.monotonic", lambda: now[0])
    street = Street()
    for identity, at in (("0a", 100.0), ("0b", 100.9), ("0c", 101.1)):
        now[0] = at
        street.offer(identity)
        street.acknowledge(identity)
    ids = []
    told = street.told()
    while told is not None:
        ids.append(dict(told[1].properties.user_properties)["id"])
        told = street.told()
    assert ids == ["0c"]  # of what is not told yet, the last word counts


def test_the_largest_picture_is_no_larger_than_its_pixels():
    street = Street()
    noise = np.random.RandomState(0).randint(0, 256, ROW).astype(np.uint8)
    street.pictures.offer("drop", Policy(picture=EACH_PICTURE), "0a", "apple", noise)
    street.acknowledge("0a")
    assert len(street.told()[1].payload) < noise.nbytes
