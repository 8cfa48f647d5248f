"""Whatever bytes come from cameras, senders and clients, they are read or refused."""

import dataclasses
import email.message
import http.client
import json
import math
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from edge.config.settings import HttpSettings
from edge.decide.threshold import Decision
from edge.deliver.event import delayed, failed_event, failure_of, label_event, source_status
from edge.errors import PictureError, SourceError
from edge.frame import Frame, Prepared
from edge.http import access
from edge.prepare import headers
from edge.prepare.decoder import checked, decode
from edge.sources.camera.capture import in_full
from edge.sources.camera.http import Answer, challenges
from edge.sources.camera.mjpeg import MjpegCapture
from tests.support import formats, tiny

KINDS = sorted(formats.files().items())


def changed(data, changes):
    """Return bytes with some of them changed and the end cut; changes: [(place, byte)], share."""
    places, share = changes
    new = bytearray(data)
    for place, byte in places:
        new[int(place * (len(new) - 1))] = byte
    return bytes(new[: int(len(new) * share)])


CHANGES = some.tuples(
    some.lists(some.tuples(some.floats(0, 1) | some.floats(0, 0.01), some.integers(0, 255))),
    some.just(1.0) | some.floats(0, 1),
)


@given(some.sampled_from(KINDS), CHANGES)
def test_a_changed_picture_is_decoded_as_its_header_says_or_refused(kind, changes):
    data = changed(kind[1], changes)
    try:
        header = checked(data)
        image = decode(data, header)
    except PictureError:
        return
    assert image.dtype == np.uint8
    assert image.shape in (
        (header.height, header.width, 3),
        (header.width, header.height, 3),  # turned
    )


STARTS = (
    b"",
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"RIFF\0\0\0\0WEBP",
    b"BM",
    b"II*\0",
    b"MM\0*",
)


@given(some.sampled_from(STARTS), some.binary(max_size=300))
def test_whatever_begins_as_a_picture_does_has_a_header_or_is_none(start, rest):
    try:
        header = headers.read(start + rest)
    except PictureError:
        return
    assert header.width > 0
    assert header.height > 0


def strictly(payload):
    """Return the object in a payload of JSON as RFC 8259 has it: UTF-8, and no NaN."""

    def refuse(constant):
        raise AssertionError(constant + " is not JSON")

    return json.loads(payload.decode("utf-8"), parse_constant=refuse)


ANY_TEXT = some.text(max_size=40)
ANY_NUMBER = some.floats(allow_nan=False)
FRAME = Frame("dock-3", "returns", "IMG_1.jpg", captured_at=0.0, arrived=0.0, read=None)


@given(ANY_TEXT, ANY_TEXT, ANY_NUMBER, some.floats(0, 1), some.none() | some.floats(0, 1))
def test_an_event_is_strict_json_whatever_it_tells_of(image, label, captured_at, score, familiar):
    frame = dataclasses.replace(FRAME, image=image, captured_at=captured_at)
    decision = Decision(label, score, ((label, score),), familiar, None)
    bundle = tiny.described(label, "3f9c1a")
    event = label_event(Prepared(frame, "0a1b", 0.0, "live", None), decision, bundle, 0.1)
    said = strictly(event)
    assert math.isclose(said["score"], score, abs_tol=1e-6)
    assert strictly(delayed(event))["delayed"] is True
    assert strictly(failure_of(event, label))["id"] == "0a1b"
    assert strictly(failed_event(frame, "0a1b", label))["id"] == "0a1b"
    assert strictly(source_status("dock-3", "returns", "stale", label, captured_at))


class Body:
    """What a camera sends, in parts."""

    def __init__(self, parts):
        self._parts = list(parts)

    def read1(self, most):
        assert all(len(part) <= most for part in self._parts)
        return self._parts.pop(0) if self._parts else b""


def split(data, sizes):
    """Return data in parts, of these sizes by turns."""
    parts, at, turn = [], 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        parts.append(data[at : at + size])
        at, turn = at + size, turn + 1
    return parts


def mjpeg(data, sizes, boundary="frame"):
    message = email.message.Message()
    message["Content-Type"] = 'multipart/x-mixed-replace; boundary="{}"'.format(boundary)
    answer = Answer(Body(split(data, sizes)), "multipart/x-mixed-replace", message)
    return MjpegCapture(answer, 60, in_full)


SIZES = some.lists(some.integers(1, 3000), min_size=1, max_size=5)
JPEG = tiny.encode(tiny.picture("red", size=(16, 16)))
PIECES = some.sampled_from(
    (b"--frame", b"\r\n", b"\n", b"\r\n\r\n", b"Content-Length: 700", b"Content-Length: -1", JPEG)
)


@given(some.lists(PIECES | some.binary(max_size=30)).map(b"".join), SIZES)
def test_a_stream_of_anything_gives_pictures_or_says_why_not(data, sizes):
    capture = mjpeg(data, sizes)
    for _ in range(len(data) + 1):  # each picture takes a byte at least
        try:
            capture.grab()
        except SourceError:
            return
        with suppress(PictureError):
            assert capture.retrieve().dtype == np.uint8
    pytest.fail("it goes on for ever")


BOUNDARY = some.text("abcXYZ019'()+_,./:=?-", min_size=1, max_size=70)


@given(BOUNDARY, some.booleans(), some.sampled_from(("\r\n", "\n")), SIZES)
def test_whole_pictures_come_whole_however_they_are_cut(boundary, has_length, line, sizes):
    name = boundary.strip("-")
    pictures = [tiny.encode(tiny.picture("red", seed, size=(16, 16))) for seed in range(3)]
    length = line + "Content-Length: {}"
    stream = b"".join(
        (
            line
            + "--"
            + name
            + line
            + "Content-Type: image/jpeg"
            + (length.format(len(picture)) if has_length else "")
            + line * 2
        ).encode()
        + picture
        for picture in pictures
    )
    capture = mjpeg(stream + (line + "--" + name + "--" + line).encode(), sizes, name)
    for picture in pictures:
        capture.grab()
        assert np.array_equal(capture.retrieve(), decode(picture))


@given(some.lists(some.text(some.characters(max_codepoint=255), max_size=60), max_size=3))
def test_what_asks_for_a_password_is_read_or_left_alone(texts):
    message = http.client.HTTPMessage()
    for text in texts:
        message["WWW-Authenticate"] = text.replace("\r", "").replace("\n", "")
    for scheme, text in challenges(message):
        assert text.strip().lower().startswith(scheme)


class Request:
    """What of a request says who asks."""

    def __init__(self, header):
        self.headers = {"Authorization": header}


@given(some.text(max_size=60) | some.binary(max_size=40).map(lambda b: "Basic " + b.hex()))
def test_nothing_but_the_password_lets_in(header):
    assert not access._knows(Request(header), HttpSettings().username, "s3cret")
