"""The command: it follows the broker, and draws what is known, until Ctrl-C."""

import os
import socket
import time
from importlib.util import find_spec
from typing import Optional

from edge.command import CONFIG
from edge.config.load import load
from edge.errors import LabeldError
from edge.mqtt.broker import Broker
from edge.mqtt.connection import Connection
from edge.mqtt.identity import Identity
from edge.mqtt.topics import level
from edge.watch import table
from edge.watch.seen import Seen

WINDOW = 64
"""Messages under way to us, at most."""

REFRESHES = 4
"""A second."""

CLOSE_SECONDS = 2.0


def run(
    config: Optional[str], broker: Optional[str], prefix: str, seconds: Optional[float]
) -> None:
    """Show what goes on until Ctrl-C, or for some seconds.

    Args:
        config: a configuration's file, whose broker and device count.
        broker: HOST or HOST:PORT, instead; then all devices below `prefix` are shown.
        prefix: the topics' first levels, where there is no configuration.
        seconds: None: until Ctrl-C.

    Raises:
        LabeldError: the configuration has a fault, or rich is not installed.
    """
    if find_spec("rich") is None:
        raise LabeldError("labeld watch needs rich: pip install 'labeld[watch]'")
    if broker is not None:
        seen, at = Seen(prefix, None), _broker(broker)
    else:
        settings = load(config or CONFIG)
        seen = Seen(settings.mqtt.topic_prefix, level(settings.device))
        at = settings.mqtt.broker
    client_id = "labeld-watch-{}-{}".format(level(socket.gethostname()), os.getpid())
    connection = Connection(at, Identity(client_id, WINDOW), seen)
    try:
        _follow(connection, seen, at.name, seconds)
    except KeyboardInterrupt:
        pass
    finally:
        connection.close(time.monotonic() + CLOSE_SECONDS)


def _follow(connection: Connection, seen: Seen, name: str, seconds: Optional[float]) -> None:
    from rich.live import Live

    end = None if seconds is None else time.monotonic() + seconds
    with Live(table.drawn([], name, seen.trouble), refresh_per_second=REFRESHES) as live:
        drawn = 0.0
        while end is None or time.monotonic() < end:
            connection.step()
            for topic_filter in seen.wanted() if connection.up else ():
                connection.subscribe(topic_filter)
            if time.monotonic() - drawn >= 1 / REFRESHES:
                drawn = time.monotonic()
                live.update(table.drawn(seen.sources(), name, seen.trouble))
        live.update(table.drawn(seen.sources(), name, seen.trouble))


def _broker(text: str) -> Broker:
    host, _, port = text.rpartition(":") if text.count(":") == 1 else (text, "", "1883")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise LabeldError("--broker {}: {!r} is no port".format(text, port))
    return Broker(host.strip("[]"), int(port))
