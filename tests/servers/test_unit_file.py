"""`systemd/labeld.service`: a unit that systemd takes without a word."""

import configparser
import os
import shutil
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
    drop_ins = folder / "labeld.service.d"
    drop_ins.mkdir(exist_ok=True)
    for name in ("newer.conf", "credentials.conf"):
        shutil.copy(os.path.join(ROOT, "systemd", name), str(drop_ins))
    return path


def test_systemd_takes_the_unit_without_a_word(tmp_path):
    assert verify(installed_unit(tmp_path)) == ""
    assert "Wachtdog" in verify(installed_unit(tmp_path, WatchdogSec="WachtdogSec"))


KNOWN_TO_237 = """
    After CapabilityBoundingSet ConfigurationDirectory Description DeviceAllow DevicePolicy
    ExecReload ExecStart Group LockPersonality NoNewPrivileges NotifyAccess PrivateTmp
    ProtectControlGroups ProtectHome ProtectKernelModules ProtectKernelTunables ProtectSystem
    ReadWritePaths RemoveIPC Restart RestartPreventExitStatus RestartSec RestrictAddressFamilies
    RestrictNamespaces RestrictRealtime StateDirectory StateDirectoryMode
    SystemCallArchitectures SystemCallErrorNumber SystemCallFilter TimeoutStartSec
    TimeoutStopSec Type UMask User WantedBy Wants WatchdogSec
""".split()
"""Keys of systemd 237's manual (systemd.unit, systemd.service, systemd.exec, systemd.kill,
systemd.resource-control), and among its groups of system calls those that the unit names."""

GROUPS_OF_237 = """
    @clock @cpu-emulation @debug @module @mount @obsolete @privileged @raw-io @reboot @resources
    @swap
""".split()


def test_a_jetson_s_systemd_knows_every_key_of_the_unit():
    with open(UNIT, encoding="utf-8") as file:
        lines = [line for line in file.read().splitlines() if "=" in line and line[0] != "#"]
    assert {line.partition("=")[0] for line in lines} <= set(KNOWN_TO_237)
    filters = [line for line in lines if line.startswith("SystemCallFilter=")]
    named = {word.strip("~") for line in filters for word in line.partition("=")[2].split()}
    assert {name for name in named if name.startswith("@")} <= set(GROUPS_OF_237)


def test_systemd_waits_longer_than_labeld_takes():
    unit = configparser.ConfigParser(strict=False)
    unit.read(UNIT)
    assert unit["Service"].getint("WatchdogSec") >= 2 * heartbeat.STALLED_SECONDS
    assert unit["Service"].getint("TimeoutStopSec") > daemon.STOP_SECONDS
