"""The metrics page: clean by Prometheus' own lint, and scraped by a real Prometheus."""

import json
import os
import subprocess
from urllib.parse import quote

import pytest

from tests.support import servers, tiny
from tests.support.servers import wait_for


@pytest.fixture
def busy(labeld, subscriber):
    """A ready Labeld that has labelled three pictures and refused one."""
    labeld.start_ready()
    for seed, label in enumerate(tiny.LABELS):
        labeld.drop_file("{}.png".format(seed), tiny.encode(tiny.picture(label, seed), ".png"))
    labeld.drop_file("notes.txt", b"call the supplier")
    wait_for(lambda: len(subscriber.events("drop/label")) == 3, "three labels")
    wait_for(lambda: not labeld.waiting(), "the drop folder is empty")
    return labeld


def test_the_page_is_clean_by_prometheus_own_lint(busy):
    promtool = servers.program("promtool")
    lint = subprocess.run(
        [promtool, "check", "metrics"],
        input=busy.get("/metrics")[1].encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=30,
        check=False,
    )
    assert (lint.returncode, lint.stdout.decode()) == (0, "")


class Prometheus:
    """A running prometheus that scrapes one target every second."""

    def __init__(self, folder, target_port):
        self._url = "http://127.0.0.1:{}".format(servers.free_port())
        config = os.path.join(str(folder), "prometheus.yml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(
                "global: {scrape_interval: 1s}\n"
                "scrape_configs:\n"
                "  - job_name: labeld\n"
                "    static_configs: [{targets: ['127.0.0.1:%d']}]\n" % target_port
            )
        with open(os.path.join(str(folder), "prometheus.log"), "wb") as log:
            self.process = subprocess.Popen(
                [
                    servers.program("prometheus"),
                    "--config.file=" + config,
                    "--storage.tsdb.path=" + os.path.join(str(folder), "tsdb"),
                    "--web.listen-address=" + self._url.replace("http://", ""),
                ],
                stdout=log,
                stderr=log,
            )

    def value(self, query):
        """Return the value of a query with one result, or None."""
        code, body = servers.page(self._url + "/api/v1/query?query=" + quote(query))
        found = json.loads(body)["data"]["result"] if code == 200 else []
        return float(found[0]["value"][1]) if len(found) == 1 else None


def test_a_real_prometheus_scrapes_it(busy, tmp_path):
    prometheus = Prometheus(tmp_path, busy.http_port)
    try:
        wait_for(lambda: prometheus.value('up{job="labeld"}') == 1, "it is scraped")
        outcome = 'labeld_frames_total{source="drop",outcome="%s"}'
        assert prometheus.value(outcome % "published") == 3
        assert prometheus.value(outcome % "failed") == 1
        assert prometheus.value("labeld_zero_copy") == 1
        assert prometheus.value('labeld_frame_age_seconds_count{source="drop"}') == 4
        assert prometheus.value('labeld_stage_seconds_count{stage="decode"}') >= 3
    finally:
        prometheus.process.terminate()
        prometheus.process.wait(30)
