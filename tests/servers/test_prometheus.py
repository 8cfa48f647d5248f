"""The metrics page: clean by Prometheus' own lint, and scraped by a real Prometheus."""

import subprocess

import pytest

from tests.support import servers, tiny
from tests.support.prometheus import Prometheus
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


def test_a_real_prometheus_scrapes_it(busy, tmp_path):
    prometheus = Prometheus(tmp_path, [busy.http_port])
    try:
        wait_for(lambda: prometheus.value('up{job="labeld"}') == 1, "it is scraped")
        outcome = 'labeld_frames_total{source="drop",outcome="%s"}'
        assert prometheus.value(outcome % "published") == 3
        assert prometheus.value(outcome % "failed") == 1
        assert prometheus.value("labeld_zero_copy") == 1
        assert prometheus.value('labeld_frame_age_seconds_count{source="drop"}') == 4
        assert prometheus.value('labeld_stage_seconds_count{stage="decode"}') >= 3
    finally:
        prometheus.stop()
