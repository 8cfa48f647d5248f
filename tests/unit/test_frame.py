"""The event's id: the same picture keeps it, another one gets another."""

import pytest

from edge.frame import Frame, frame_id


def frame(**changes):
    facts = {"device": "bench", "source": "drop", "image": "a.jpg", "captured_at": 1000.25}
    facts.update(changes)
    return Frame(arrived=0.0, read=None, settle=None, **facts)


def test_the_same_picture_keeps_its_id():
    assert frame_id(frame(), b"pixels") == frame_id(frame(), b"pixels")


@pytest.mark.parametrize(
    "changes",
    [{"device": "dock"}, {"source": "returns"}, {"image": "b.jpg"}, {"captured_at": 1000.5}],
)
def test_another_device_source_name_or_moment_is_another_event(changes):
    assert frame_id(frame(**changes), b"pixels") != frame_id(frame(), b"pixels")


def test_another_content_is_another_event():
    assert frame_id(frame(), b"pixels") != frame_id(frame(), b"other pixels")
    assert frame_id(frame(image="a", source="b"), b"") != frame_id(
        frame(image="", source="ba"), b""
    )
