"""The pages that the daemon serves."""

import http.client
import re
import socket

import pytest
from prometheus_client import CollectorRegistry

from edge import __version__
from edge.config.settings import HttpSettings
from edge.daemon.http import HttpServer
from edge.errors import LabeldError
from edge.metrics import Metrics
from tests.support.servers import page


class Site:
    """A server, and the reasons that it gives for not being well."""

    def __init__(self):
        self.sick, self.unready = [], ["the model is being loaded"]
        registry = CollectorRegistry()
        Metrics(registry, ["aisle"])
        self.server = HttpServer(
            HttpSettings(port=0), registry, lambda: self.sick, lambda: self.unready
        )

    def get(self, path):
        return page("http://127.0.0.1:{}{}".format(self.server.port, path))


@pytest.fixture
def site():
    site = Site()
    yield site
    site.server.close()


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


def test_the_first_page_names_the_version_and_links_pages_that_answer(site):
    status, text = site.get("/")
    assert status == 200
    assert "labeld " + __version__ in text
    links = re.findall(r'<a href="([^"]+)">', text)
    assert links == ["/metrics", "/healthz", "/readyz"]
    assert all(site.get(link)[0] in (200, 503) for link in links)


def test_another_page_is_not_found_and_says_what_there_is(site):
    status, text = site.get("/index.php")
    assert status == 404
    assert "/metrics" in text


def test_a_port_that_another_program_holds_is_an_error_that_names_it(site):
    with pytest.raises(LabeldError, match="cannot listen on 127.0.0.1:{}".format(site.server.port)):
        HttpServer(HttpSettings(port=site.server.port), CollectorRegistry(), list, list)


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
    server = HttpServer(HttpSettings("::1", 0), CollectorRegistry(), list, list)
    try:
        assert page("http://[::1]:{}/healthz".format(server.port)) == (200, "ok\n")
    finally:
        server.close()
