"""What is on the wall and who is paged: the dashboard and the alerts, by a real Prometheus."""

import json
import os
import re
import signal
import subprocess
import time

import pytest
import yaml

from tests.support import elsewhere, servers, tiny, tx2
from tests.support.prometheus import CONFIG, RULES, Prometheus, hastened
from tests.support.servers import Labeld, wait_for

TESTS = os.path.join(os.path.dirname(__file__), "alerts.test.yml")
DASHBOARD = os.path.join(CONFIG, "grafana", "labeld.json")

ALERT_SECONDS = 60

LATE_SECONDS = 12
"""More than what LabeldLate takes for late."""


def alerts():
    with open(RULES[1], encoding="utf-8") as file:
        groups = yaml.safe_load(file)["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def test_each_alert_says_what_it_means_and_what_to_do():
    assert len(alerts()) >= 10
    for name, rule in alerts().items():
        assert rule["labels"]["severity"] in ("page", "ticket"), name
        assert len(rule["annotations"]["summary"]) > 20, name
        assert len(rule["annotations"]["description"]) > 80, name


def test_each_alert_fires_when_it_should_and_not_before():
    with open(TESTS, encoding="utf-8") as file:
        cases = yaml.safe_load(file)["tests"]
    tried = {one["alertname"] for case in cases for one in case["alert_rule_test"]}
    assert tried == set(alerts())
    promtool = servers.program("promtool")
    ran = subprocess.run(
        [promtool, "test", "rules", TESTS],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout.decode()


class Site:
    """Two labelds on a Jetson's files: one labels a folder, one a camera, and cannot keep a label.

    Attributes:
        prometheus: scrapes both, and judges by the hastened rules.
    """

    def __init__(self, folder, bundle, broker):
        self._broker = broker
        self._root = tx2.lay_out(folder / "tx2")
        self._numbers = 0
        film = str(folder / "film.avi")
        tiny_film(film)
        self.shop = self._labeld(
            folder / "shop",
            bundle,
            decide={"threshold": 1.0, "familiar": 1.0},
        )
        camera = {"name": "aisle", "kind": "camera", "url": film, "loop": True, "fps": 20}
        self.dock = self._labeld(
            folder / "dock",
            bundle,
            sources=[camera],
            device="dock",
            outbox={"path": "/dev/null/outbox.db", "max_messages": 1},
        )
        self.labelds = [self.shop, self.dock]
        for one in self.labelds:
            one.start_ready()
        rules = [hastened(path, folder) for path in RULES]
        ports = [one.http_port for one in self.labelds]
        self.prometheus = Prometheus(folder, ports, rules)
        wait_for(lambda: self.prometheus.value("sum(up)") == 2, "both are scraped")

    def _labeld(self, folder, bundle, **settings):
        mqtt = {"host": "127.0.0.1", "port": self._broker.port}
        begin = elsewhere.below(self._root)
        return Labeld(folder, begin=begin, model={"bundle": bundle.path}, mqtt=mqtt, **settings)

    def drop(self, number, broken=False):
        for _ in range(number):
            self._numbers += 1
            data = tiny.encode(tiny.picture("red", self._numbers), ".png")
            name = "{}.png".format(self._numbers)
            self.shop.drop_file(name, b"no picture" if broken else data)

    def fires(self, name, doing=lambda: None):
        """Wait until an alert fires, and do something again and again meanwhile."""

        def condition():
            doing()
            return name in self.prometheus.firing()

        wait_for(condition, name + " fires", ALERT_SECONDS)

    def end(self):
        self.prometheus.stop()
        for one in self.labelds:
            one.kill()


def tiny_film(path):
    import cv2

    writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"MJPG"), 20, (160, 120))
    for number in range(40):
        writer.write(tiny.picture("red", number)[..., ::-1])
    writer.release()


@pytest.fixture
def site(tmp_path, tiny_bundle, broker):
    servers.program("prometheus")
    made = Site(tmp_path, tiny_bundle, broker)
    yield made
    made.end()


def queries(path):
    """Return the dashboard's queries, for all machines and sources."""
    with open(path, encoding="utf-8") as file:
        panels = json.load(file)["panels"]
    found = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    assert len(found) > 20
    return [
        re.sub(r"\[\d+m\]", "[10s]", expression.replace("$instance", ".*").replace("$source", ".*"))
        for expression in found
    ]


def test_each_query_of_the_dashboard_gives_data(site):
    pending = queries(DASHBOARD)

    def all_have_given():
        site.drop(1)
        pending[:] = [query for query in pending if not site.prometheus.result(query)]
        return not pending

    wait_for(all_have_given, "each query gives data, all but {}".format(pending), ALERT_SECONDS)


def test_a_labeld_in_trouble_fires_each_alert(site, broker):
    site.fires("LabeldMostlyUnknown", lambda: site.drop(1))
    site.fires("LabeldPicturesFail", lambda: site.drop(1, broken=True))
    site.fires("LabeldOutboxNotOnDisk")
    tx2.lay_out(
        site._root,
        {
            tx2.THERMAL + "cooling_device0/cur_state": "5",
            "proc/meminfo": tx2.MEMINFO.replace("4871324", "  71324"),
        },
    )
    site.fires("LabeldThrottled")
    site.fires("LabeldMemoryLow")
    broker.freeze()  # what is in flight is acknowledged late
    end = time.monotonic() + LATE_SECONDS
    wait_for(lambda: time.monotonic() > end, "it is late")
    broker.thaw()
    site.fires("LabeldLate")
    broker.stop()
    site.fires("LabeldBrokerDisconnected")
    site.fires("LabeldOutboxGrows", lambda: site.drop(5))
    site.fires("LabeldLabelsDropped")
    broker.start()
    os.rename(site.shop.drop, site.shop.drop + "-away")
    site.fires("LabeldSourceDown")
    os.rename(site.shop.drop + "-away", site.shop.drop)
    site.shop.configure(decide={"threshold": 7})
    site.shop.send(signal.SIGHUP)
    site.fires("LabeldReloadRefused")
    site.shop.configure(decide={"threshold": 1.0})
    starts = 'process_start_time_seconds{instance="127.0.0.1:%d"}' % site.shop.http_port
    for _ in range(3):
        before = site.prometheus.value(starts)
        site.shop.kill()
        site.shop.start_ready()
        wait_for(lambda before=before: site.prometheus.value(starts) != before, "it is seen")
    site.fires("LabeldRestarts")
    site.shop.kill()
    site.fires("LabeldDown")
