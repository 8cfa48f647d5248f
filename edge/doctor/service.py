"""A configuration, the broker that it names, and the daemon that may be serving it."""

import time
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

from edge.config import settings as configs
from edge.doctor.findings import bad, note, ok
from edge.errors import ConfigError, Exit
from edge.mqtt.connection import Connection, Listener

BROKER_SECONDS = 12.0
HTTP_SECONDS = 3.0


def configuration(path):
    """Return (Finding, Config); the latter None if it has faults."""
    try:
        config = configs.load(path)
    except ConfigError as error:
        more = len(error.faults) - 1
        found = "{}: {}".format(path, error.faults[0]) + (
            " (and {} more)".format(more) if more else ""
        )
        advice = "labeld check -c {} prints every fault".format(path)
        return bad("configuration", found, advice, Exit.CONFIGURATION), None
    return ok("configuration", "{}: no faults".format(path)), config


def broker(config):
    """Return the Finding about the broker, having connected to it by a name of our own."""
    trouble = []
    listener = Listener()
    listener.on_trouble = trouble.append
    connection = Connection(
        config.mqtt, "labeld-{}-doctor".format(config.device), listener, window=1
    )
    deadline = time.monotonic() + BROKER_SECONDS
    while not (connection.up or trouble) and time.monotonic() < deadline:
        connection.step()
    up, version = connection.up, "MQTT 5" if connection.is_version_5 else "MQTT 3.1.1"
    connection.close(time.monotonic() + 1.0)
    where = "{}:{}".format(config.mqtt.host, config.mqtt.port)
    if up:
        return ok("broker", "{} took us, {}".format(where, version))
    return bad(
        "broker",
        "{}: {}".format(where, trouble[0] if trouble else "no answer"),
        "look at the section mqtt, and whether the broker runs",
    )


def daemon(config):
    """Return the Finding about a labeld that serves this configuration here."""
    address = "http://{}:{}".format(
        config.http.address.replace("0.0.0.0", "127.0.0.1"), config.http.port
    )
    try:
        build_opener(ProxyHandler({})).open(address + "/healthz", timeout=HTTP_SECONDS).close()
    except HTTPError as error:
        reasons = error.read().decode("utf-8", "replace").strip().replace("\n", "; ")
        return bad("labeld", "running, but: " + reasons, "journalctl -u labeld; it restarts itself")
    except (URLError, OSError):
        return ok("labeld", "not running")
    return note("labeld", "running", "it shares the machine with what is measured here")
