"""Bytes to and from the broker, through the socket of a paho client."""

import select
import selectors
import time
from typing import Any, Callable, Optional

import paho.mqtt.client as paho

from edge.wakeup import Wakeup

PART_SECONDS = 1.0
"""At a parting the broker is given so long to close the connection."""

MOST_READS = 64
"""Packets that are read in a row: whoever sends without end is not to keep us from sending."""

DISCONNECT = b"\xe0\x00"
"""MQTT 3.1.1 and MQTT 5, 3.14: the connection ends as it should, and the will is not published."""


def exchange(
    client: Optional[paho.Client],
    wakeup: Optional[Wakeup],
    timeout: float,
    is_full: Callable[[], bool],
) -> None:
    """Read and write what a client's socket allows, once it does, or somebody wakes us.

    Args:
        client: the client, whose callbacks are called; None: there is nothing to do but wait.
        wakeup: ends the wait, and is cleared; or None.
        timeout: at most so many seconds.
        is_full: says before each packet whether none is to be read.
    """
    if client is not None and receive(client, is_full):
        timeout = 0.0
    connection = None if client is None else client.socket()
    with selectors.PollSelector() as selector:
        if wakeup is not None:
            selector.register(wakeup, selectors.EVENT_READ)
        if connection is not None and client is not None:
            events = 0 if is_full() else selectors.EVENT_READ
            if client.want_write():
                events |= selectors.EVENT_WRITE
            if events:
                selector.register(connection, events)
        for key, events in selector.select(timeout):
            if key.fileobj is wakeup:
                wakeup.clear()
            elif client is not None:
                if events & selectors.EVENT_READ:
                    receive(client, is_full)
                if events & selectors.EVENT_WRITE:
                    client.loop_write()
    if connection is not None and client is not None:
        client.loop_misc()


def receive(client: paho.Client, is_full: Callable[[], bool]) -> bool:
    """Read what has come, in no callback, before anything is written; return False if nothing was.

    A broker that is leaving says why and closes. A write to it fails, and then paho closes, too,
    without having read that.
    """
    for count in range(MOST_READS):
        connection = client.socket()
        if connection is None or is_full() or not _is_readable(connection):
            return count > 0
        client.loop_read()
    return True


def _is_readable(connection: Any) -> bool:
    if getattr(connection, "pending", int)():  # TLS holds bytes that poll cannot see
        return True
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))


def part(connection: Any, deadline: float) -> None:
    """Say DISCONNECT, then read until the broker closes, at most until `deadline`.

    paho closes as soon as it has said so. What the broker is sending just then fails, and with it
    the broker may lose acknowledgements that it has not read yet.

    Args:
        connection: the client's socket (or TLS's).
        deadline: monotonic seconds.
    """
    try:
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        connection.sendall(DISCONNECT)
        while connection.recv(65536) and time.monotonic() < deadline:
            connection.settimeout(max(0.001, deadline - time.monotonic()))
    except OSError:
        pass  # it has closed, or does not
