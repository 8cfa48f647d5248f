"""The end of the pipeline: what becomes of a frame, and when it is settled."""

import json
from dataclasses import replace

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from edge.classify.bundle import Bundle
from edge.classify.outputs import Scored
from edge.config.settings import DecideSettings
from edge.decide.news import Changes, Policy
from edge.deliver.sink import EventSink
from edge.frame import Frame, Prepared
from edge.metrics import DROPPED, FAILED, OUTCOMES, PUBLISHED, UNCHANGED, Metrics
from edge.mqtt.topics import Topics
from edge.prepare.preprocess import ROW
from tests.support.outboxes import outbox_for

BUNDLE = Bundle("b", "fruit", ("apple", "pear"), "fp32", (), {}, {}, (), content_hash="3f9c1a77")


class Street:
    """A sink with room for `room` messages, and what it did with the frames it was given."""

    def __init__(self, room=10, **policy):
        self.registry = CollectorRegistry()
        self.settled, self.released = [], []
        self._policy = Policy(**policy)
        topics = Topics("labeld", "bench")
        metrics = Metrics(self.registry, ["drop"])
        self.outbox = outbox_for(room, metrics=metrics)
        self.sink = EventSink(DecideSettings(threshold=0.6), topics, self.outbox, metrics)

    def frame(self, arrived=0.0):
        return Frame(
            "bench",
            "drop",
            "a.jpg",
            captured_at=0.0,
            arrived=arrived,
            read=None,
            settle=self.settled.append,
            release=lambda: self.released.append(True),
            policy=self._policy,
        )

    def label(self, apple, arrived=0.0, familiar=None, bundle=BUNDLE):
        """Give it a frame with this score for an apple; return whether it had room."""
        prepared = Prepared(self.frame(arrived), "0a1b", 0.0, "live", np.zeros(ROW, np.uint8))
        scored = Scored(np.array([apple, 1 - apple], np.float32), familiar)
        return self.sink.labelled(prepared, scored, bundle)

    def deliver(self):
        """Acknowledge the next message; return it."""
        key, message = self.outbox.next_unsent()
        self.outbox.acknowledge(key)
        return message

    def counted(self):
        """Return {outcome: how many}, without the zeros."""
        counts = {
            outcome: self.registry.get_sample_value(
                "labeld_frames_total", {"source": "drop", "outcome": outcome}
            )
            for outcome in OUTCOMES
        }
        return {outcome: count for outcome, count in counts.items() if count}


def test_a_label_is_released_once_queued_and_settled_once_delivered():
    street = Street()
    assert street.label(0.9)
    assert (street.released, street.settled) == ([True], [])
    message = street.deliver()
    assert message.topic == "labeld/bench/drop/label"
    assert json.loads(message.payload.decode())["label"] == "apple"
    assert dict(message.user_properties) == {"schema": "1", "id": "0a1b", "model": "fruit-3f9c1a"}
    assert street.settled == [None]
    assert street.counted() == {PUBLISHED: 1}


def test_with_no_room_it_says_so_and_is_asked_again():
    street = Street(room=1)
    assert street.label(0.9)
    assert not street.label(0.9)
    assert len(street.released) == 1
    street.deliver()
    assert street.label(0.9)


@pytest.mark.parametrize(("threshold", "label"), [(None, "unknown"), (0.5, "apple")])
def test_a_source_s_own_threshold_goes_first(threshold, label):
    street = Street(threshold=threshold)
    street.label(0.55)
    assert json.loads(street.deliver().payload.decode())["label"] == label


@pytest.mark.parametrize(
    ("of_bundle", "label"), [(0.7, "unknown"), (0.5, "apple"), (None, "apple")]
)
def test_an_automatic_threshold_is_the_bundle_s_or_else_one_half(of_bundle, label):
    street = Street(threshold="auto")
    street.label(0.6, bundle=replace(BUNDLE, threshold=of_bundle))
    assert json.loads(street.deliver().payload.decode())["label"] == label


@pytest.mark.parametrize(
    ("apple", "familiar", "told"),
    [
        (0.9, 0.5, {"label": "apple", "familiar": 0.5}),
        (0.9, 0.005, {"label": "unknown", "familiar": 0.005, "reason": "unfamiliar"}),
        (0.55, 0.5, {"label": "unknown", "familiar": 0.5, "reason": "unsure"}),
        (0.55, None, {"label": "unknown", "reason": "unsure"}),
    ],
)
def test_an_event_says_how_familiar_the_picture_is_and_why_it_is_unknown(apple, familiar, told):
    street = Street()
    street.label(apple, familiar=familiar)
    event = json.loads(street.deliver().payload.decode())
    asked = ("label", "familiar", "reason")
    assert {name: event[name] for name in asked if name in event} == told


def test_other_settings_hold_from_now_on():
    street = Street()
    street.sink.change(DecideSettings(threshold=0.95))
    street.label(0.9)
    assert json.loads(street.deliver().payload.decode())["label"] == "unknown"


def test_what_is_no_news_is_settled_at_once_and_not_published():
    street = Street(changes=Changes())
    street.label(0.9)
    street.deliver()
    street.label(0.95, arrived=1.0)
    assert street.outbox.next_unsent() is None
    assert street.settled == [None, None]
    assert street.counted() == {PUBLISHED: 1, UNCHANGED: 1}


def test_news_that_found_no_room_is_still_news():
    street = Street(room=1, changes=Changes())
    street.label(0.9)
    assert not street.label(0.1, arrived=1.0)
    street.deliver()
    assert street.label(0.1, arrived=1.0)
    assert json.loads(street.deliver().payload.decode())["label"] == "pear"


def test_a_failure_waits_for_its_delivery_like_a_label_and_is_never_retained():
    street = Street(retain=True)
    assert street.sink.failed(street.frame(), "0a1b", "the file is empty")
    assert street.settled == []
    message = street.deliver()
    assert message.topic == "labeld/bench/drop/failed"
    assert not message.retain
    assert street.settled == ["the file is empty"]
    assert street.counted() == {FAILED: 1}


def test_a_file_that_is_gone_is_settled_and_counted():
    street = Street()
    assert street.sink.gone(street.frame())
    assert street.settled == [None]
    assert street.counted() == {DROPPED: 1}


def test_a_retained_label_is_taken_back_by_an_empty_message():
    street = Street()
    assert street.sink.forget("drop")
    message = street.deliver()
    assert (message.topic, message.payload, message.retain) == (
        "labeld/bench/drop/label",
        b"",
        True,
    )


def test_what_the_broker_will_never_take_is_set_aside_and_said_in_fewer_words():
    street = Street()
    assert street.label(0.9)
    street.outbox.refuse(street.outbox.next_unsent()[0], "the broker takes at most 300")
    assert street.settled == [], "not before that is said"
    message = street.deliver()
    assert message.topic == "labeld/bench/drop/failed"
    assert json.loads(message.payload.decode())["error"] == "the broker takes at most 300"
    assert street.settled == ["the broker takes at most 300"]
    assert street.released == [True]
    assert street.counted() == {FAILED: 1}


def test_what_can_not_even_be_said_is_set_aside():
    street = Street()
    assert street.label(0.9)
    for _ in range(2):
        street.outbox.refuse(street.outbox.next_unsent()[0], "the broker takes at most 30")
    assert street.settled == ["the broker takes at most 30"]
    assert street.released == [True]
    assert street.counted() == {FAILED: 1}
    assert len(street.outbox) == 0
