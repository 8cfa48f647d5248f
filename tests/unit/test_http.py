"""The pages that the daemon serves."""

import gzip
import http.client
import json
import logging
import resource
import socket
import ssl
import threading
import urllib.request

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from edge.config.settings import HttpSettings, HttpTlsSettings
from edge.errors import LabeldError
from edge.http.pages import View, pages
from edge.http.server import HttpServer
from edge.metrics import Metrics
from tests.support.certificates import Authority
from tests.support.servers import page, wait_for


class Site:
    """A server, and the reasons that it gives for not being well."""

    def __init__(self, **settings):
        self.sick, self.unready, self._clients = [], ["the model is being loaded"], []
        registry = CollectorRegistry()
        Metrics(registry, ["aisle"])
        self.pictures, self.html = {"aisle 1": b"\xff\xd8"}, None
        http_settings = HttpSettings(port=0, **settings)
        view = View(
            lambda: {"device": "dock-3", "sick": self.sick},
            lambda source: self.pictures.get(source),
            lambda: self.pictures.get("all"),
            lambda: self.html,
        )
        app = pages(http_settings, registry, lambda: self.sick, lambda: self.unready, view)
        self.server = HttpServer(http_settings, app)

    def get(self, path):
        return page("http://127.0.0.1:{}{}".format(self.server.port, path))

    def client(self, sends=b""):
        """Return the socket of a client that has sent so much."""
        client = socket.create_connection(("127.0.0.1", self.server.port), 10)
        self._clients.append(client)
        client.sendall(sends)
        return client

    def close(self):
        self.server.close()
        for client in self._clients:
            client.close()


@pytest.fixture
def sites():
    """Makes sites, and closes them."""
    made = []

    def make(**settings):
        made.append(Site(**settings))
        return made[-1]

    yield make
    for site in made:
        site.close()


@pytest.fixture
def site(sites):
    return sites()


def test_health_and_readiness_are_200_or_503_with_the_reasons(site):
    assert site.get("/healthz") == (200, "ok\n")
    assert site.get("/readyz") == (503, "the model is being loaded\n")
    site.sick, site.unready = ["classify hangs", "publish hangs"], []
    assert site.get("/healthz") == (503, "classify hangs\npublish hangs\n")
    assert site.get("/readyz") == (200, "ok\n")


def test_metrics_are_there_from_the_start(site):
    status, text = site.get("/metrics")
    assert status == 200
    assert 'labeld_frames_total{outcome="published",source="aisle"} 0.0' in text


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript")],
)
def test_the_page_is_in_parts_that_may_load_what_labeld_serves_and_nothing_else(site, path, kind):
    address = "http://127.0.0.1:{}{}".format(site.server.port, path)
    with urllib.request.urlopen(address, timeout=10) as answer:
        assert answer.headers["Content-Type"] == kind + "; charset=utf-8"
        policy = answer.headers["Content-Security-Policy"]
        assert "http:" not in answer.read().decode("utf-8").replace(
            "http://www.w3.org/2000/svg", ""
        )
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy


def events(site, count):
    """Return the states that the page is told, one after the other."""
    connection = http.client.HTTPConnection("127.0.0.1", site.server.port, timeout=10)
    connection.request("GET", "/events")
    answer = connection.getresponse()
    found = []
    while len(found) < count:
        line = answer.readline()
        assert line, "the stream has ended"
        if line.startswith(b"data: "):
            found.append(json.loads(line[len(b"data: ") :].decode("utf-8")))
    connection.close()
    return found


def test_the_page_is_told_the_state_again_and_again(site):
    assert events(site, 2) == [{"device": "dock-3", "sick": []}] * 2


def test_a_stream_ends_by_itself_before_its_connection_would_be_cut_off(sites):
    site = sites(timeout_s=4)
    client = site.client(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
    said = read_to_end(client)
    assert said.count(b"data: ") >= 1
    assert said.endswith(b"0\r\n\r\n")  # the last chunk of what is whole


def test_open_pages_leave_connections_to_others(sites):
    site = sites(max_connections=10)
    streams = [site.client(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(2)]
    for stream in streams:
        assert stream.recv(9) == b"HTTP/1.1 "
    assert site.get("/events") == (503, "too many pages are open\n")
    assert site.get("/healthz") == (200, "ok\n")


def test_a_server_with_open_pages_closes_at_once(sites):
    site = sites()
    site.client(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n").recv(9)
    site.server.close()
    assert not [one.name for one in threading.enumerate() if one.name == "http"]


def test_a_source_s_picture_is_shown_where_there_is_one(site):
    address = "http://127.0.0.1:{}/picture?source=aisle%201".format(site.server.port)
    with urllib.request.urlopen(address, timeout=10) as answer:
        assert (answer.headers["Content-Type"], answer.read()) == ("image/jpeg", b"\xff\xd8")
    status, text = site.get("/picture?source=other")
    assert (status, text.startswith("no picture")) == (404, True)


def test_a_report_is_shown_where_there_is_one_and_may_run_nothing(site):
    assert site.get("/report")[0] == 404
    site.html = b"<script>alert(1)</script>"
    with urllib.request.urlopen(
        "http://127.0.0.1:{}/report".format(site.server.port), timeout=10
    ) as answer:
        assert answer.read() == site.html
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox;" in policy
    assert "script-src" not in policy


def test_another_page_is_not_found_and_says_what_there_is(site):
    status, text = site.get("/index.php")
    assert status == 404
    assert "/metrics" in text


def test_a_port_that_another_program_holds_is_an_error_that_names_it(site):
    with pytest.raises(LabeldError, match="cannot listen on 127.0.0.1:{}".format(site.server.port)):
        HttpServer(HttpSettings(port=site.server.port), web.Application())


def test_head_is_answered_on_every_path_without_a_body(site):
    for path, status in (
        ("/", 200),
        ("/metrics", 200),
        ("/healthz", 200),
        ("/readyz", 503),
        ("/x", 404),
    ):
        connection = http.client.HTTPConnection("127.0.0.1", site.server.port, timeout=10)
        connection.request("HEAD", path)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (status, b"")
        assert int(answer.headers["Content-Length"]) > 0
        connection.close()


def test_it_listens_to_ipv6_too():
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    server = HttpServer(HttpSettings("::1", 0), web.Application())
    try:
        assert page("http://[::1]:{}/healthz".format(server.port))[0] == 404
    finally:
        server.close()


def read_to_end(client):
    """Return all that a server sends until it hangs up."""
    said = b""
    try:
        while True:
            part = client.recv(65536)
            if not part:
                return said
            said += part
    except ConnectionResetError:
        return said


def test_clients_that_send_a_byte_now_and_then_are_cut_off_and_cost_no_thread(sites):
    site = sites(timeout_s=1, max_connections=4)
    threads = threading.active_count()
    slow = [site.client(b"GET /healthz HTTP/1.1\r\nX: ") for _ in range(4)]
    stop = threading.Event()

    def drip():
        while not stop.wait(0.1):
            for client in slow:
                try:
                    client.sendall(b"x")
                except OSError:
                    pass

    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        assert threading.active_count() == threads + 1
        assert site.get("/healthz") == (200, "ok\n")  # as soon as the four are gone
        assert [read_to_end(client) for client in slow] == [b""] * 4
    finally:
        stop.set()
        dripping.join()


def test_a_client_that_reads_nothing_is_cut_off(sites):
    site = sites(timeout_s=1, max_connections=1)
    site.client(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    assert site.get("/healthz") == (200, "ok\n")


def test_what_is_no_request_costs_no_line_of_the_log(site, caplog):
    with caplog.at_level(logging.INFO):
        for sends in (b"", b"\x16\x03\x01\x00\xa5", b"GET\r\n\r\n", b"A" * 100000, b"\0" * 9):
            client = site.client(sends)
            client.shutdown(socket.SHUT_WR)
            read_to_end(client)
        assert site.get("/healthz") == (200, "ok\n")
    assert caplog.text == ""


def test_without_descriptors_it_waits_and_then_serves(site, caplog):
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    client = socket.socket()
    client.settimeout(30)
    lowest = socket.socket()
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest.fileno() + 1, limits[1]))
    lowest.close()
    held = socket.socket()  # takes the last one
    try:
        client.connect(("127.0.0.1", site.server.port))
        wait_for(lambda: "cannot accept a client" in caplog.text, "the want is told")
    finally:
        held.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    client.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
    assert read_to_end(client).startswith(b"HTTP/1.0 200 OK")
    client.close()


def test_a_page_that_fails_is_500_and_its_cause_in_the_log(sites, caplog):
    site = sites()
    site.sick = [7]
    status, text = site.get("/healthz")
    assert (status, text) == (500, "labeld failed; its log says how\n")
    assert "TypeError" in caplog.text


def test_only_get_and_head_are_taken(site):
    connection = http.client.HTTPConnection("127.0.0.1", site.server.port, timeout=10)
    connection.request("POST", "/healthz", b"x" * 100)
    assert connection.getresponse().status in (404, 405)
    connection.close()


def test_metrics_are_compressed_for_who_asks(site):
    address = "http://127.0.0.1:{}/metrics".format(site.server.port)
    request = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert b"labeld_frames_total" in gzip.decompress(answer.read())


def test_no_page_may_be_framed_nor_load_anything(site):
    address = "http://127.0.0.1:{}/".format(site.server.port)
    with urllib.request.urlopen(address, timeout=10) as answer:
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 401),
        ("Basic bGFiZWxkOndyb25n", 401),  # labeld:wrong
        ("Basic bGFiZWxkOmvDpGZlcg==", 200),  # labeld:käfer
        ("Basic b3RoZXI6a8OkZmVy", 401),  # other:käfer
        ("Basic ====", 401),
        ("Bearer bGFiZWxkOmvDpGZlcg==", 401),
        ("Basic /////w==", 401),
    ],
)
def test_with_a_password_only_who_knows_it_sees_a_page(sites, header, status):
    site = sites(password="käfer")
    for path in ("/", "/page.js", "/metrics", "/healthz", "/nowhere"):
        connection = http.client.HTTPConnection("127.0.0.1", site.server.port, timeout=10)
        connection.request("GET", path, headers={"Authorization": header} if header else {})
        answer = connection.getresponse()
        expected = 404 if (status, path) == (200, "/nowhere") else status
        assert answer.status == expected
        if status == 401:
            assert answer.headers["WWW-Authenticate"].startswith('Basic realm="labeld"')
            assert b"labeld" not in answer.read()
        connection.close()


def test_over_tls_it_shows_its_certificate(sites, tmp_path):
    authority = Authority(tmp_path)
    site = sites(tls=HttpTlsSettings(*authority.issue("localhost")))
    address = "https://localhost:{}/healthz".format(site.server.port)
    with urllib.request.urlopen(address, timeout=10, context=authority.context()) as answer:
        assert answer.read() == b"ok\n"
    with pytest.raises(OSError, match="(?i)certificate"):
        urllib.request.urlopen(address, timeout=10, context=ssl.create_default_context())


def test_a_handshake_that_is_not_gone_through_with_is_cut_off(sites, tmp_path):
    authority = Authority(tmp_path)
    tls = HttpTlsSettings(*authority.issue("localhost"))
    site = sites(tls=tls, timeout_s=1, max_connections=2)
    silent = [site.client(b"\x16\x03"), site.client()]
    address = "https://localhost:{}/healthz".format(site.server.port)
    with urllib.request.urlopen(address, timeout=10, context=authority.context()) as answer:
        assert answer.read() == b"ok\n"
    for client in silent:
        assert read_to_end(client) == b""
