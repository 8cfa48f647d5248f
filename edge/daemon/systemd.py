"""systemd's notify protocol (sd_notify(3)); does nothing where there is no systemd."""

import socket
import time
from typing import Mapping


class Notifier:
    """Sends states to the socket that systemd named."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Take the facts from a process environment (a mapping)."""
        self._address = environment.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):  # an abstract socket
            self._address = "\0" + self._address[1:]
        self.watchdog_seconds = int(environment.get("WATCHDOG_USEC") or 0) / 1e6 or None

    def ready(self, status: str) -> None:
        """Say that it serves; `status`: a line for `systemctl status`, here and below."""
        self._send("READY=1\nSTATUS=" + status)

    def reloading(self) -> None:
        """Say that the configuration is read again; `ready` ends it."""
        microseconds = int(time.monotonic() * 1e6)  # CLOCK_MONOTONIC, as sd_notify(3) asks
        self._send("RELOADING=1\nMONOTONIC_USEC={}".format(microseconds))

    def status(self, status: str) -> None:
        """Say what it is doing."""
        self._send("STATUS=" + status)

    def watchdog(self) -> None:
        """Say that it lives."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that it is about to end."""
        self._send("STOPPING=1")

    def _send(self, state: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
            connection.settimeout(1.0)
            try:
                connection.sendto(state.encode("utf-8"), self._address)
            except OSError:
                pass  # systemd gone or busy: its own watchdog decides what that means
