"""What the installed commands say of themselves."""

import os
import subprocess
import sys

import pytest

from edge import __version__


@pytest.mark.parametrize("command", ["labeld", "labeld-export"])
def test_a_command_tells_its_version(command):
    path = os.path.join(os.path.dirname(sys.executable), command)
    ran = subprocess.run([path, "--version"], stdout=subprocess.PIPE, timeout=60, check=True)
    assert ran.stdout.decode() == "{} {}\n".format(command, __version__)
