"""What systemd is told: sd_notify(3)."""

import socket

import pytest

from edge.daemon.systemd import Notifier


@pytest.fixture(params=["a path", "an abstract name"])
def systemd(request, tmp_path):
    """A socket such as systemd's, and the address that it gives to a service."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.settimeout(10.0)
        name = str(tmp_path / "notify")
        if request.param == "a path":
            listener.bind(name)
            yield listener, name
        else:
            listener.bind("\0" + name)
            yield listener, "@" + name


def test_each_state_is_sent_as_systemd_reads_it(systemd):
    listener, address = systemd
    notifier = Notifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "30000000"})
    assert notifier.watchdog_seconds == 30.0
    for tell, told in (
        (lambda: notifier.ready("serving m"), b"READY=1\nSTATUS=serving m"),
        (lambda: notifier.status("busy"), b"STATUS=busy"),
        (notifier.watchdog, b"WATCHDOG=1"),
        (notifier.stopping, b"STOPPING=1"),
    ):
        tell()
        assert listener.recv(4096) == told
    notifier.reloading()
    assert listener.recv(4096).startswith(b"RELOADING=1\nMONOTONIC_USEC=")


def test_without_systemd_nothing_happens():
    notifier = Notifier({})
    assert notifier.watchdog_seconds is None
    notifier.ready("serving m")


def test_a_systemd_that_is_gone_is_no_fault(tmp_path):
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready("serving m")
