"""The events that subscribers read, as JSON."""

import dataclasses
import json

import pytest

from edge.decide.threshold import Decision
from edge.deliver.event import failed_event, label_event, source_status
from edge.frame import Frame, Prepared
from tests.support import tiny

FRAME = Frame("dock-3", "returns", "IMG_1.jpg", captured_at=1767225600.4827, arrived=0.0, read=None)


def read(payload):
    return json.loads(payload.decode("utf-8"))


def test_a_label_event_has_what_the_readme_says():
    top = (("Brötchen", 0.93412345), ("Bread", 0.04))
    decision = Decision("Brötchen", 0.93412345, top, 0.57123456, None)
    bundle = tiny.described("m", "3f9c1a")
    event = read(label_event(Prepared(FRAME, "0a1b", 0.0, "live", None), decision, bundle, 0.08424))
    assert event == {
        "schema": 1,
        "id": "0a1b",
        "device": "dock-3",
        "source": "returns",
        "image": "IMG_1.jpg",
        "captured_at": "2026-01-01T00:00:00.482Z",
        "status": "live",
        "label": "Brötchen",
        "score": 0.934123,
        "familiar": 0.571235,
        "top": [{"label": "Brötchen", "score": 0.934123}, {"label": "Bread", "score": 0.04}],
        "model": "m-3f9c1a",
        "runtime": "openvino",
        "precision": "bf16",
        "age_ms": 84.2,
    }


@pytest.mark.parametrize(
    ("seconds", "moment", "clamped"),
    [
        (-0.5, "1969-12-31T23:59:59.500Z", False),
        (-62135596800, "0001-01-01T00:00:00.000Z", False),
        (-7e10, "0001-01-01T00:00:00.000Z", True),
        (3e11, "9999-12-31T23:59:59.999Z", True),
    ],
)
def test_a_moment_that_no_date_can_name_is_given_as_the_nearest_and_marked(
    seconds, moment, clamped
):
    event = read(failed_event(dataclasses.replace(FRAME, captured_at=seconds), "0a1b", "empty"))
    assert event["captured_at"] == moment
    assert event.get("captured_at_clamped", False) == clamped


def test_a_failed_event_has_the_reason_and_no_label():
    event = read(failed_event(FRAME, "0a1b", "the file is empty"))
    assert event["error"] == "the file is empty"
    assert set(event) == {"schema", "id", "device", "source", "image", "captured_at", "error"}


def test_a_source_s_status_says_since_when_and_why():
    assert read(source_status("dock-3", "aisle", "stale", "404 Not Found", 0.0)) == {
        "schema": 1,
        "device": "dock-3",
        "source": "aisle",
        "status": "stale",
        "reason": "404 Not Found",
        "since": "1970-01-01T00:00:00.000Z",
    }
