"""`make install-jetson`, as far as a PC can try it: what NVIDIA ships is stood in for.

The Python is a 3.6, TensorFlow is the PC's 2.6; the OpenCV that is to be seen from the virtual
environment lies where JetPack's does.
"""

import os
import shutil
import stat
import subprocess
import sys

import cv2
import pytest

from tests.support import tx2
from tests.support.checkout import ROOT as CHECKOUT

pytestmark = pytest.mark.skipif(
    sys.version_info[:2] != (3, 6), reason="it installs for Python 3.6, a Jetson's: make test36"
)

COMMANDS = {
    "uname": "echo aarch64",
    "id": "[ $1 != -u ] || echo 0",
    "ldconfig": "echo libnvinfer.so.8",
    "apt-get": 'echo "apt-get $@" >> "$RECORD"',
    "systemctl": 'echo "systemctl $@" >> "$RECORD"',
}


class Jetson:
    """A folder that stands for a Jetson's root, and the commands that stand for its own."""

    def __init__(self, folder):
        self.root = tx2.lay_out(folder / "root")
        self._record = str(folder / "record")
        self._commands = folder / "commands"
        self._commands.mkdir()
        for name, body in COMMANDS.items():
            self.command(name, body)
        packages = self.path("usr/lib/python3.6/dist-packages")
        os.makedirs(packages)
        installed = os.path.dirname(cv2.__file__)
        shutil.copytree(installed, os.path.join(packages, "cv2"))
        libraries = os.path.join(os.path.dirname(installed), "opencv_python_headless.libs")
        shutil.copytree(libraries, os.path.join(packages, "opencv_python_headless.libs"))

    def command(self, name, body):
        path = self._commands / name
        path.write_text("#!/bin/sh\n{}\n".format(body))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def path(self, name):
        return os.path.join(self.root, name)

    def install(self):
        """Run it; return (exit code, what it printed)."""
        ran = subprocess.run(
            ["make", "--no-print-directory", "install-jetson"],
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=400,
            check=False,
            env=dict(
                os.environ,
                PATH="{}:{}".format(self._commands, os.environ["PATH"]),
                RECORD=self._record,
                ROOT=self.root,
                PYTHON=os.path.realpath(sys.executable),
                TENSORFLOW="tensorflow==2.6.2",
                INDEX="file:///nowhere",
            ),
        )
        return ran.returncode, ran.stdout.decode()

    def record(self):
        with open(self._record, encoding="utf-8") as file:
            return file.read()

    def python(self, code):
        """Return what Python code prints in the virtual environment that was made."""
        ran = subprocess.run(
            [self.path("opt/labeld/bin/python"), "-c", code],
            cwd=self.root,
            stdout=subprocess.PIPE,
            timeout=60,
            check=True,
        )
        return ran.stdout.decode().strip()


@pytest.fixture
def jetson(tmp_path):
    return Jetson(tmp_path)


def test_all_is_there_and_a_second_time_changes_no_configuration(jetson):
    code, text = jetson.install()
    assert code == 0, text
    assert jetson.python("import numpy; print(numpy.__version__)") == "1.19.4"
    opencv = jetson.python("import cv2, os; print(os.path.realpath(cv2.__file__))")
    assert opencv.startswith(os.path.realpath(jetson.path("usr/lib/python3.6/dist-packages")))
    assert "opencv" not in jetson.python("import pkg_resources as p; print(list(p.working_set))")
    assert "ok    OpenCV" in text
    assert "ok    TensorFlow     2.6.2" in text
    assert "sudo systemctl enable --now labeld" in text
    for command in ("labeld", "labeld-export"):
        assert os.access(jetson.path("opt/labeld/bin/" + command), os.X_OK)
    with open(jetson.path("etc/systemd/system/labeld.service.d/jetson.conf")) as file:
        assert "\nEnvironment=LD_PRELOAD=/usr/lib/aarch64-linux-gnu/libgomp.so.1\n" in file.read()
    assert os.path.isdir(jetson.path("var/lib/labeld")), "where docs/jetson.md copies a bundle to"
    assert "libhdf5-dev" in jetson.record()
    assert "systemctl daemon-reload" in jetson.record()

    config = jetson.path("etc/labeld/labeld.yaml")
    with open(config, "a", encoding="utf-8") as file:
        file.write("# mine\n")
    code, text = jetson.install()
    assert code == 0, text
    with open(config, encoding="utf-8") as file:
        assert file.read().endswith("# mine\n")


@pytest.mark.parametrize(
    ("name", "body", "refusal"),
    [
        ("uname", "echo x86_64", "this is no Jetson"),
        ("id", "echo 1000", "sudo make install-jetson"),
        ("ldconfig", "true", "sudo apt-get install nvidia-tensorrt"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_done(jetson, name, body, refusal):
    jetson.command(name, body)
    code, text = jetson.install()
    assert code != 0
    assert refusal in text
    assert not os.path.exists(jetson.path("opt"))


def test_jetpack_s_opencv_is_asked_for(jetson):
    shutil.rmtree(jetson.path("usr/lib/python3.6/dist-packages/cv2"))
    code, text = jetson.install()
    assert code != 0
    assert "sudo apt-get install nvidia-opencv" in text
