"""Cameras over HTTP, as they come: passwords, boundaries, single pictures."""

import base64
import hashlib
import re

import cv2
import numpy as np
import pytest

from edge.metrics import DAMAGED, DROPPED, UNCHANGED
from edge.prepare import preprocess
from edge.prepare.preprocess import FORMER, ROW, SPEC
from tests.support import cameras
from tests.support.servers import wait_for

REALM, NONCE = "camera", "5ccc069c403ebaf9f0171e9517f40e41"


class Server(cameras.TcpServer):
    """Answers each request with what `answer(request)` yields, and closes."""

    def __init__(self, answer):
        self.requests = []
        self._said = answer
        super().__init__()
        self.url = "http://user:s3cr%40t@127.0.0.1:{}/snap".format(self.port)

    def _answer(self, connection):
        request = connection.recv(8192).decode("latin-1")
        self.requests.append(request)
        for part in self._said(request):
            connection.sendall(part)
            if self._closed.wait(0.03):
                return


@pytest.fixture
def serve():
    made = []

    def make(answer):
        made.append(Server(answer))
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.fixture(scope="module")
def pictures():
    return [cameras.jpeg(picture) for picture in cameras.scene(5)]


def stream(parts, kind="multipart/x-mixed-replace; boundary=frame"):
    yield "HTTP/1.0 200 OK\r\nContent-Type: {}\r\n\r\n".format(kind).encode()
    while True:
        yield from parts


FORMS = {
    "as RFC 2046 has it": ("frame", b"--frame\r\nContent-Type: image/jpeg\r\n\r\n%s\r\n"),
    "the dashes named as well": ("--frame", b"--frame\r\nContent-Type: image/jpeg\r\n\r\n%s\r\n"),
    "no dashes at all": ("frame", b"frame\r\nContent-Type: image/jpeg\r\n\r\n%s\r\n"),
    "quoted": ('"fra me"', b"--fra me\r\nContent-Type: image/jpeg\r\n\r\n%s\r\n"),
    "bare line feeds": ("frame", b"--frame\nContent-Type: image/jpeg\n\n%s\n"),
    "no headers": ("frame", b"--frame\r\n\r\n%s\r\n"),
    "no boundary named": (None, b"--other\r\nContent-Type: image/jpeg\r\n\r\n%s\r\n"),
}


@pytest.mark.parametrize("form", sorted(FORMS))
@pytest.mark.parametrize("kind", ["x-mixed-replace", "mixed"])
def test_a_stream_is_read_however_its_parts_are_set_apart(form, kind, serve, pictures, watch):
    boundary, part = FORMS[form]
    kind = "multipart/" + kind + (";boundary=" + boundary if boundary else "")
    parts = [part.replace(b"%s", picture) for picture in pictures]
    server = serve(lambda request: stream(parts, kind))
    watched = watch(server.url)
    watched.more(8)
    assert watched.count(DAMAGED) == 0
    assert len(server.requests) == 1


def test_a_damaged_picture_is_left_out_and_the_stream_goes_on(serve, pictures, watch):
    damaged = pictures[0][: len(pictures[0]) // 2] + b"\xff\xd9"
    parts = [b"--frame\r\n\r\n" + picture + b"\r\n" for picture in [damaged, *pictures]]
    server = serve(lambda request: stream(parts))
    watched = watch(server.url)
    watched.more(12)
    assert watched.count(DAMAGED) >= 2
    assert len(server.requests) == 1
    assert watched.up() == 1


def test_pictures_may_change_their_size(serve, pictures, watch):
    small = cameras.jpeg(cameras.scene(1)[0][:200, :300])
    parts = [b"--frame\r\n\r\n" + picture + b"\r\n" for picture in (pictures[0], small)]
    watched = watch(serve(lambda request: stream(parts)).url)
    watched.more(4)
    assert {frame.read().shape for frame in watched.frames} == {(576, 768, 3), (200, 300, 3)}


def large():
    """Return a JPEG of 1536x1152 pixels."""
    return cameras.jpeg(cv2.resize(cameras.scene(1)[0], (1536, 1152)))


KINDS_OF_ANSWERS = {
    "stream": lambda picture: stream([b"--frame\r\n\r\n" + picture + b"\r\n"]),
    "single": lambda picture: snapshot(picture),
}


@pytest.mark.parametrize("kind", sorted(KINDS_OF_ANSWERS))
def test_jpegs_are_decoded_as_small_as_those_of_files_and_give_the_same_row(kind, serve, watch):
    picture = large()
    server = serve(lambda request: KINDS_OF_ANSWERS[kind](picture))
    for spec, height in ((SPEC, 576), (FORMER, 1152)):
        watched = watch(server.url, covering=lambda spec=spec: preprocess.covering(spec))
        watched.more(1)
        image, row = watched.frames[0].read(), np.empty(ROW, np.uint8)
        assert image.shape[0] == height
        preprocess.preprocess_into(image, row, spec)
        assert np.array_equal(row, preprocess.load(picture, spec))


@pytest.mark.parametrize("kind", sorted(KINDS_OF_ANSWERS))
def test_a_part_of_the_picture_is_cut_out_of_it_in_full_size(kind, serve, watch):
    picture = large()
    server = serve(lambda request: KINDS_OF_ANSWERS[kind](picture))
    watched = watch(server.url, covering=lambda: 299, roi=(1000, 700, 500, 400))
    watched.more(1)
    assert watched.frames[0].read().shape == (400, 500, 3)


def test_a_compressed_answer_is_refused_with_its_reason(serve, watch):
    head = b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\nContent-Encoding: gzip\r\n\r\n"
    watched = watch(serve(lambda request: [head]).url)
    watched.stale("the server compresses its answer (gzip)")


def snapshot(picture, *headers):
    head = ["HTTP/1.0 200 OK", "Content-Type: image/jpeg", *headers, "", ""]
    return ["\r\n".join(head).encode() + picture]


def test_a_camera_of_single_pictures_is_asked_as_often_as_fps_says(serve, pictures, watch):
    server = serve(lambda request: snapshot(pictures[len(server.requests) % 5]))
    watched = watch(server.url, fps=10)
    watched.more(6)
    first, last = watched.frames[0], watched.frames[5]
    assert last.captured_at - first.captured_at > 0.3
    assert len({frame.read().tobytes() for frame in watched.frames[:5]}) == 5


def test_the_same_single_picture_again_is_no_new_one(serve, pictures, watch):
    def answer(request):
        if "If-None-Match: one" in request:
            assert "If-Modified-Since: Tue" in request
            return [b"HTTP/1.0 304 Not Modified\r\n\r\n"]
        if len(server.requests) < 4:  # a server that knows no conditions
            return snapshot(pictures[0])
        return snapshot(pictures[1], "ETag: one", "Last-Modified: Tue, 01 Jan 2030 00:00:00 GMT")

    server = serve(answer)
    watched = watch(server.url, fps=30)
    wait_for(lambda: watched.count(UNCHANGED) >= 6, "the same again and again")
    assert len(watched.frames) == 2
    assert watched.up() == 1


def test_a_new_single_picture_that_came_while_another_was_under_way_is_not_lost(
    serve, pictures, watch
):
    shown = pictures[:1]
    server = serve(lambda request: snapshot(shown[0]))
    watched = watch(server.url, fps=30, clear=False)
    watched.more()
    shown[0] = pictures[1]
    wait_for(lambda: watched.count(DROPPED) >= 3, "it came meanwhile")
    watched.frames[0].release()
    watched.more()
    assert len({frame.read().tobytes() for frame in watched.frames}) == 2


def challenge(text):
    return "WWW-Authenticate: {}\r\n".format(text)


DIGEST = 'Digest realm="camera", nonce="' + NONCE + '", algorithm={}, qop="{}"'
OFFERS = {
    "SHA-256, then MD5": challenge(DIGEST.format("SHA-256", "auth"))
    + challenge(DIGEST.format("MD5", "auth")),
    "SHA-256 alone, of two protections": challenge(DIGEST.format("SHA-256", "auth,auth-int")),
    "MD5 without qop": challenge('Digest realm="camera", nonce="{}"'.format(NONCE)),
    "an unknown scheme, then Basic": challenge("Negotiate") + challenge('Basic realm="camera"'),
    "all in one header": challenge(
        'Negotiate, Basic realm="camera", ' + DIGEST.format("MD5", "auth")
    ),
    "an unknown hash, then Basic": challenge(DIGEST.format("SHA-512-256", "auth"))
    + challenge('Basic realm="camera"'),
}


def is_right(request, offer):
    """Return True if a request proves that it knows the password, by one of the offers."""
    said = re.search(r"(?im)^authorization: (\w+) (.*?)\r?$", request)
    if said is None:
        return False
    scheme, rest = said.groups()
    if scheme == "Basic":
        return "Basic" in offer and base64.b64decode(rest) == b"user:s3cr@t"
    facts = dict(re.findall(r'(\w+)="?([^",]*)"?', rest))
    assert facts["nonce"] == NONCE
    algorithm = facts.get("algorithm", "MD5")
    assert algorithm in offer or "algorithm" not in offer
    hashed = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[algorithm]

    def digest(*parts):
        return hashed(":".join(parts).encode()).hexdigest()

    beside = (facts["nc"], facts["cnonce"], facts["qop"]) if "qop" in facts else ()
    known = digest("user", REALM, "s3cr@t")
    return facts["response"] == digest(known, NONCE, *beside, digest("GET", facts["uri"]))


@pytest.mark.parametrize("offer", sorted(OFFERS))
def test_a_password_is_given_by_one_of_the_schemes_that_are_offered(offer, serve, pictures, watch):
    text = OFFERS[offer]

    def answer(request):
        if is_right(request, text):
            return snapshot(pictures[len(server.requests) % 5])
        return ["HTTP/1.0 401 Unauthorized\r\n{}\r\n".format(text).encode()]

    server = serve(answer)
    watch(server.url, fps=30).more(3)


def test_a_stale_nonce_is_asked_for_anew(serve, pictures, watch):
    offers = [
        challenge('Digest realm="camera", nonce="old", qop="auth"'),
        challenge('Digest realm="camera", nonce="{}", stale=true, qop="auth"'.format(NONCE)),
    ]

    def answer(request):
        if 'nonce="old"' in request or "uthorization" not in request:
            offer = offers["uthorization" in request]
            return ["HTTP/1.0 401 Unauthorized\r\n{}\r\n".format(offer).encode()]
        return snapshot(pictures[len(server.requests) % 5])

    server = serve(answer)
    watch(server.url, fps=30).more(2)


def test_a_redirect_is_followed_with_the_password(serve, pictures, watch):
    def answer(request):
        if request.startswith("GET /snap "):
            return [b"HTTP/1.0 302 Found\r\nLocation: /other/place.jpg\r\n\r\n"]
        if "Basic" not in request:
            return ["HTTP/1.0 401 X\r\n{}\r\n".format(challenge('Basic realm="x"')).encode()]
        return snapshot(pictures[len(server.requests) % 5])

    server = serve(answer)
    watch(server.url, fps=30).more(2)
