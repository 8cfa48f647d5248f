"""What the installed commands say of themselves."""

import os
import pty
import re
import subprocess
import sys

import pytest
import yaml

from edge import __version__


@pytest.mark.parametrize("command", ["labeld", "labeld-export"])
def test_a_command_tells_its_version(command):
    path = os.path.join(os.path.dirname(sys.executable), command)
    ran = subprocess.run([path, "--version"], stdout=subprocess.PIPE, timeout=60, check=True)
    assert ran.stdout.decode() == "{} {}\n".format(command, __version__)


@pytest.mark.parametrize("to_a_terminal", [True, False])
def test_log_lines_have_a_time_on_a_terminal_and_none_where_the_journal_adds_its_own(
    tmp_path, to_a_terminal
):
    config = tmp_path / "labeld.yaml"
    source = {"name": "drop", "kind": "folder", "path": str(tmp_path)}
    settings = {"model": {"bundle": "none"}, "sources": [source], "http": {"port": 0}}
    config.write_text(yaml.safe_dump(settings))
    ours, theirs = pty.openpty() if to_a_terminal else os.pipe()
    command = [sys.executable, "-m", "edge", "run", "-c", str(config)]
    assert subprocess.run(command, stderr=theirs, timeout=60, check=False).returncode == 3
    lines = os.read(ours, 65536).decode().splitlines()
    os.close(theirs)
    os.close(ours)
    time = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} " if to_a_terminal else ""
    assert re.match(time + "INFO edge.daemon.daemon: http: listening on port ", lines[0])
