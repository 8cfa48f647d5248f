"""`systemd/labeld.service`: a unit that systemd takes without a word."""

import configparser
import os
import subprocess
import sys

from edge.daemon import daemon, heartbeat
from tests.support.checkout import ROOT
from tests.support.servers import program

UNIT = os.path.join(ROOT, "systemd", "labeld.service")


def verify(path):
    """Return what `systemd-analyze verify` says, which ends with 0 even on an unknown key."""
    command = [program("systemd-analyze"), "verify", "--man=no", str(path)]
    ran = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False
    )
    return ran.stdout.decode()


def installed_unit(folder, **changes):
    """Write the unit as where its command is this Python's; return its path."""
    with open(UNIT, encoding="utf-8") as file:
        text = file.read().replace("/opt/labeld/bin/labeld ", sys.executable + " -m edge ")
    for old, new in changes.items():
        text = text.replace(old, new)
    path = folder / "labeld.service"
    path.write_text(text)
    return path


def test_systemd_takes_the_unit_without_a_word(tmp_path):
    assert verify(installed_unit(tmp_path)) == ""
    assert "Wachtdog" in verify(installed_unit(tmp_path, WatchdogSec="WachtdogSec"))


def test_systemd_waits_longer_than_labeld_takes():
    unit = configparser.ConfigParser(strict=False)
    unit.read(UNIT)
    assert unit["Service"].getint("WatchdogSec") >= 2 * heartbeat.STALLED_SECONDS
    assert unit["Service"].getint("TimeoutStopSec") > daemon.STOP_SECONDS
