"""A configuration, the broker that it names, and the daemon that may be serving it."""

import time
from typing import List, Optional, Tuple
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

from edge.config.load import load
from edge.config.settings import Config
from edge.doctor.findings import Finding, bad, note, ok
from edge.errors import ConfigError, Exit
from edge.mqtt.connection import Connection
from edge.mqtt.identity import Identity
from edge.mqtt.listener import Listener

BROKER_SECONDS = 12.0
HTTP_SECONDS = 3.0


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


def daemon(config: Config) -> Finding:
    """Return the Finding about a labeld that serves this configuration here."""
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.http.address, config.http.address)
    address = "http://{}:{}".format("[{}]".format(here) if ":" in here else here, config.http.port)
    try:
        build_opener(ProxyHandler({})).open(address + "/healthz", timeout=HTTP_SECONDS).close()
    except HTTPError as error:
        reasons = error.read().decode("utf-8", "replace").strip().replace("\n", "; ")
        return bad("labeld", "running, but: " + reasons, "journalctl -u labeld; it restarts itself")
    except (URLError, OSError):
        return ok("labeld", "not running")
    return note("labeld", "running", "it shares the machine with what is measured here")
