"""A machine with a real systemd as its first process: systemd-nspawn over this machine's root.

What it changes lies in memory and goes with it. It has a network of its own, with nobody in it.
"""

import glob
import json
import os
import subprocess
import sys

from tests.support.checkout import ROOT
from tests.support.missing import skip_or_fail
from tests.support.servers import program, wait_for

PYTHON = "/opt/python"
"""Where this Python lies in the machine: services see no home folder, where it may be here."""

LIBRARY_PATH = PYTHON + "/lib"
"""Where its own library lies, which it looks for where it was built, and then elsewhere."""

LIBRARIES = "/opt/libraries"
"""Where the libraries of the tests' environment lie in the machine."""

SECONDS = 120


class Machine:
    """One machine; a context manager, which boots it and turns it off."""

    def __init__(self, folder):
        """Take an empty folder; skip or fail the test where there can be no machine."""
        if os.geteuid() != 0:
            skip_or_fail("booting a systemd needs root")
        self._nspawn, self._nsenter = program("systemd-nspawn"), program("nsenter")
        self._folder = str(folder)
        self.root = os.path.join(self._folder, "root")
        self._upper = os.path.join(self._folder, "upper")
        self._log = os.path.join(self._folder, "console.log")
        self._process = None
        self._binds = [
            "--bind-ro={}:{}".format(sys.base_prefix, PYTHON),
            "--bind-ro={}:{}".format(_packages(), LIBRARIES),
            "--bind-ro={}:/opt/checkout".format(ROOT),
        ]

    def __enter__(self):
        mount("-t", "tmpfs", "tmpfs", self._folder)
        for name in ("root", "upper", "work"):
            os.mkdir(os.path.join(self._folder, name))
        layers = "lowerdir=/,upperdir={0}/upper,workdir={0}/work".format(self._folder)
        try:
            mount("-t", "overlay", "overlay", "-o", layers, self.root)
        except subprocess.CalledProcessError:
            self._unmount()
            skip_or_fail("this machine's root cannot be laid under another")
        with open(self.path("etc/machine-id"), "w", encoding="utf-8"):
            pass
        return self

    def __exit__(self, *_):
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(30)
        subprocess.run(["umount", self.root], timeout=60, check=False)
        self._unmount()

    def _unmount(self):
        subprocess.run(["umount", "--lazy", self._folder], timeout=60, check=False)

    def path(self, name):
        """Return where a path of the machine, without its first slash, is here."""
        return os.path.join(self.root, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def run_off(self, *command):
        """Run a command before it is booted; return what it printed."""
        nspawn = [self._nspawn, "--register=no", "--keep-unit", "--quiet", "--pipe"]
        nspawn += ["-D", self.root, "--private-network", *self._binds]
        nspawn += ["--setenv=LD_LIBRARY_PATH=" + LIBRARY_PATH]
        return _printed(nspawn + list(command), self._environment())

    def boot(self):
        """Boot it, and wait until systemd takes orders."""
        command = [self._nspawn, "--register=no", "--keep-unit", "--machine=labeld-test", "-b"]
        command += ["-D", self.root, "--private-network", "--console=pipe", *self._binds]
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment(),
            )
        wait_for(lambda: self._leader() or self._ended(), "systemd has a process")
        wait_for(
            lambda: self.run("systemctl", "is-system-running", check=False) in _BOOTED,
            "systemd is up",
        )

    def _ended(self):
        assert self._process.poll() is None, "systemd-nspawn ended: " + self._console()

    def _console(self):
        with open(self._log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def _environment(self):
        return dict(os.environ, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY="1", LC_ALL="C.UTF-8")

    def _leader(self):
        children = "/proc/{0}/task/{0}/children".format(self._process.pid)
        with open(children, encoding="utf-8") as file:
            return (file.read().split() or [None])[0]

    def run(self, *command, check=True):
        """Run a command in it; return what it printed, without spaces around it."""
        enter = [self._nsenter, "-t", self._leader()]
        enter += ["-m", "-u", "-i", "-n", "-p", "-r", "-w"]
        environment = dict(os.environ, LD_LIBRARY_PATH=LIBRARY_PATH)
        return _printed(enter + list(command), environment, check)

    def python(self, code, *arguments):
        """Run Python code in its network, but with this machine's files; return what it printed."""
        command = [self._nsenter, "-t", self._leader(), "-n", sys.executable, "-c", code]
        return _printed(command + list(arguments), dict(os.environ, PYTHONPATH=ROOT))

    def systemctl(self, *arguments, check=True):
        return self.run("systemctl", *arguments, check=check)

    def show(self, *names):
        """Return the facts of labeld's unit, by name, as systemd shows them."""
        lines = self.systemctl("show", "labeld", *("-p" + name for name in names)).splitlines()
        return dict(line.split("=", 1) for line in lines)

    def journal(self):
        """Return what the journal has of labeld's unit: a mapping for each line."""
        lines = self.run("journalctl", "-u", "labeld", "-o", "json", "--no-pager").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


_BOOTED = ("running", "degraded")
"""`degraded`: some unit of this machine's that cannot do its work there."""


def mount(*arguments):
    subprocess.run(["mount", *arguments], timeout=60, check=True, stderr=subprocess.DEVNULL)


def _printed(command, environment, check=True):
    ran = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=SECONDS,
        env=environment,
        check=False,
    )
    text = ran.stdout.decode("utf-8", "replace")
    assert ran.returncode == 0 or not check, "{}: {}\n{}".format(command, ran.returncode, text)
    return text.strip()


def _packages():
    (folder,) = glob.glob(os.path.join(sys.prefix, "lib", "python3*", "site-packages"))
    return folder
