"""A command in a process of its own that does not have to import TensorFlow first."""

import functools
import importlib
import multiprocessing
import os
import signal
import subprocess
import sys


class Forked:
    """`labeld` or `labeld-export`, started in a fraction of the seconds that it takes otherwise.

    It is forked off a process that has imported TensorFlow and has done nothing else. What comes
    from that import alone (its log, PYTHONPATH, the dynamic loader's variables) is therefore to be
    tried with the real command. Its methods are those of subprocess.Popen.
    """

    def __init__(self, package, arguments, log, folder=None, environment=None):
        """Start it.

        Args:
            package: edge or export.
            arguments: of the command, strings.
            log: the path of a file that its stdout and stderr are appended to.
            folder: its working directory, or None for this one.
            environment: {variable: value} that it has besides those of this process.
        """
        open(str(log), "ab").close()  # to be read from now on
        variables = dict(os.environ, **(environment or {}))
        self._process = _server().Process(
            target=_run, args=(package, list(arguments), str(log), folder, variables)
        )
        self._process.start()
        self.pid = self._process.pid

    def poll(self):
        return self._process.exitcode

    def wait(self, seconds):
        self._process.join(seconds)
        if self.poll() is None:
            raise subprocess.TimeoutExpired("labeld", seconds)
        return self.poll()

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)


def started(package, arguments, log, folder=None, environment=None):
    """Start it as a user does, with the arguments of Forked; return the subprocess.Popen."""
    with open(str(log), "ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", package] + list(arguments),
            stdout=file,
            stderr=file,
            cwd=folder,
            env=dict(os.environ, **(environment or {})),
        )


@functools.lru_cache(maxsize=None)
def _server():
    """Return the context whose processes are forked; its server ends with this process."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.support.preloaded"])
    return context


def _run(package, arguments, log, folder, variables):
    """Become the command."""
    with open(log, "ab", buffering=0) as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
    os.environ.clear()
    os.environ.update(variables)
    if folder is not None:
        os.chdir(folder)
    sys.exit(importlib.import_module(package + ".__main__").main(arguments))
