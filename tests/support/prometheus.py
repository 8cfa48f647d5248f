"""A real Prometheus."""

import json
import os
import re
import subprocess
from urllib.parse import quote

import yaml

from tests.support import servers

CONFIG = os.path.join(os.path.dirname(__file__), "..", "..", "config")

RULES = [os.path.join(CONFIG, "prometheus", name) for name in ("records.yml", "alerts.yml")]

LONG = {"30m": "2m"}
"""Of a rule's ranges, what needs longer than the others in `hastened`."""


def hastened(path, folder):
    """Copy a file of rules so that it judges by seconds, and by few pictures; return its path."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    text = re.sub(r"\[(\d+[mh])\]", lambda found: "[{}]".format(LONG.get(found[1], "10s")), text)
    text = re.sub(r"for: \d+m", "for: 0s", text).replace("> 1000", "> 5").replace("> 20", "> 2")
    copy = os.path.join(str(folder), os.path.basename(path))
    with open(copy, "w", encoding="utf-8") as file:
        file.write(text)
    return copy


class Prometheus:
    """A running prometheus that scrapes its targets, and judges by its rules, every second."""

    def __init__(self, folder, target_ports, rules=()):
        """Start it; `rules`: paths."""
        self._url = "http://127.0.0.1:{}".format(servers.free_port())
        config = os.path.join(str(folder), "prometheus.yml")
        targets = ["127.0.0.1:{}".format(port) for port in target_ports]
        with open(config, "w", encoding="utf-8") as file:
            yaml.safe_dump(
                {
                    "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                    "rule_files": [os.path.abspath(path) for path in rules],
                    "scrape_configs": [
                        {"job_name": "labeld", "static_configs": [{"targets": targets}]}
                    ],
                },
                file,
            )
        with open(os.path.join(str(folder), "prometheus.log"), "wb") as log:
            self._process = subprocess.Popen(
                [
                    servers.program("prometheus"),
                    "--config.file=" + config,
                    "--storage.tsdb.path=" + os.path.join(str(folder), "tsdb"),
                    "--web.listen-address=" + self._url.replace("http://", ""),
                ],
                stdout=log,
                stderr=log,
            )

    def result(self, query):
        """Return what a query gives, a list; raise AssertionError if it cannot be run."""
        code, body = servers.page(self._url + "/api/v1/query?query=" + quote(query))
        assert code == 200, (query, body)
        return json.loads(body)["data"]["result"]

    def value(self, query):
        """Return the value of a query with one result, or None."""
        code, body = servers.page(self._url + "/api/v1/query?query=" + quote(query))
        found = json.loads(body)["data"]["result"] if code == 200 else []
        return float(found[0]["value"][1]) if len(found) == 1 else None

    def firing(self):
        """Return the names of the alerts that fire."""
        code, body = servers.page(self._url + "/api/v1/alerts")
        found = json.loads(body)["data"]["alerts"] if code == 200 else []
        return {one["labels"]["alertname"] for one in found if one["state"] == "firing"}

    def stop(self):
        self._process.terminate()
        self._process.wait(30)
