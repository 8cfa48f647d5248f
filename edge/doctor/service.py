"""A configuration, the broker that it names, and the daemon that may be serving it."""

import base64
import ssl
import time
from http import HTTPStatus
from typing import Dict, List, Optional, Tuple
from urllib.error import HTTPError, URLError
from urllib.request import BaseHandler, HTTPSHandler, OpenerDirector, ProxyHandler, build_opener

from prometheus_client.metrics_core import Sample
from prometheus_client.parser import text_string_to_metric_families

from edge.config.load import load
from edge.config.settings import Config, HttpSettings
from edge.doctor.findings import Finding, bad, note, ok
from edge.errors import ConfigError, Exit
from edge.mqtt.connection import Connection
from edge.mqtt.identity import Identity
from edge.mqtt.listener import Listener

BROKER_SECONDS = 12.0
HTTP_SECONDS = 3.0

_PARTIAL_CHAIN = ssl.VerifyFlags(0x80000)
"""OpenSSL's X509_V_FLAG_PARTIAL_CHAIN, which Python names from 3.10 on."""


def configuration(path: str) -> Tuple[Finding, Optional[Config]]:
    """Return (Finding, Config); the latter None if it has faults."""
    try:
        config = load(path)
    except ConfigError as error:
        more = len(error.faults) - 1
        found = "{}: {}".format(path, error.faults[0]) + (
            " (and {} more)".format(more) if more else ""
        )
        advice = "labeld check -c {} prints every fault".format(path)
        return bad("configuration", found, advice, Exit.CONFIGURATION), None
    return ok("configuration", "{}: no faults".format(path)), config


class _Troubles(Listener):
    """Keeps why there is no connection."""

    def __init__(self) -> None:
        self.heard: List[str] = []

    def on_trouble(self, reason: str) -> None:
        self.heard.append(reason)


def broker(config: Config) -> Finding:
    """Return the Finding about the broker, having connected to it by a name of our own."""
    troubles = _Troubles()
    identity = Identity("labeld-{}-doctor".format(config.device), window=1)
    connection = Connection(config.mqtt.broker, identity, troubles)
    deadline = time.monotonic() + BROKER_SECONDS
    while not (connection.up or troubles.heard) and time.monotonic() < deadline:
        connection.step()
    up, version = connection.up, "MQTT 5" if connection.is_version_5 else "MQTT 3.1.1"
    connection.close(time.monotonic() + 1.0)
    where = "{}:{}".format(config.mqtt.host, config.mqtt.port)
    if up:
        return ok("broker", "{} took us, {}".format(where, version))
    return bad(
        "broker",
        "{}: {}".format(where, troubles.heard[0] if troubles.heard else "no answer"),
        "look at the section mqtt, and whether the broker runs",
    )


def daemon(config: Config) -> Tuple[List[Finding], Optional[Dict[str, float]]]:
    """Look for a labeld that serves this configuration here, and at its sources.

    Returns:
        (Findings, {name: value} of its metrics without labels), empty where it does not give them,
        None where there is no labeld.
    """
    address, opener = _address(config.http), _opener(config.http)
    try:
        _page(opener, address + "/healthz")
        metrics = _page(opener, address + "/metrics")
    except HTTPError as error:
        return [_unwell(error)], {}
    except (URLError, OSError):
        return [ok("labeld", "not running")], None
    running = note("labeld", "running", "it shares the machine with what is measured here")
    samples = _samples(metrics)
    return [running] + _sources_down(config, samples), {
        sample.name: sample.value for sample in samples if not sample.labels
    }


def _unwell(error: HTTPError) -> Finding:
    if error.code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return bad(
            "labeld",
            "running, but refuses the name and password of this configuration",
            "it runs with others: systemctl restart labeld, or see http.username and "
            "http.password_file",
        )
    reasons = error.read().decode("utf-8", "replace").strip().replace("\n", "; ")
    advice = "journalctl -u labeld; its watchdog restarts it"
    return bad("labeld", "running, but: " + reasons, advice)


def _samples(metrics: str) -> List[Sample]:
    families = text_string_to_metric_families(metrics)
    return [sample for family in families for sample in family.samples]


def _sources_down(config: Config, samples: List[Sample]) -> List[Finding]:
    names = [
        sample.labels["source"]
        for sample in samples
        if sample.name == "labeld_source_up" and sample.value == 0
    ]
    return [
        bad(
            "source " + name,
            "is not up",
            "the log has its reason (journalctl -u labeld), and so has the topic {}".format(
                config.topics.status(name)
            ),
        )
        for name in names
    ]


def _address(http: HttpSettings) -> str:
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(http.address, http.address)
    host = "[{}]".format(here) if ":" in here else here
    return "{}://{}:{}".format("http" if http.tls is None else "https", host, http.port)


def _opener(http: HttpSettings) -> OpenerDirector:
    """Return what asks the daemon, and knows its certificate and its password."""
    handlers: List[BaseHandler] = [ProxyHandler({})]
    if http.tls is not None:
        # this very certificate, whatever name it is for and whoever signed it
        context = ssl.create_default_context(cafile=http.tls.cert)
        context.check_hostname = False
        context.verify_flags |= _PARTIAL_CHAIN
        handlers.append(HTTPSHandler(context=context))
    opener = build_opener(*handlers)
    if http.password is not None:
        known = "{}:{}".format(http.username, http.password).encode("utf-8")
        opener.addheaders.append(
            ("Authorization", "Basic " + base64.b64encode(known).decode("ascii"))
        )
    return opener


def _page(opener: OpenerDirector, address: str) -> str:
    with opener.open(address, timeout=HTTP_SECONDS) as answer:
        return str(answer.read().decode("utf-8", "replace"))
