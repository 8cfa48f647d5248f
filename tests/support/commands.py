"""The commands, in the test's own process; one test of each starts it as a user does."""

import contextlib
import gc
import importlib
import io
import os
import subprocess
import sys
from unittest import mock

from edge.machine import memory


def labeld_export(*arguments, **environment):
    """Run the command here; return (exit code, stdout, stderr)."""
    return _here("export", arguments, environment)


def labeld(*arguments, **environment):
    """Run the command here; return (exit code, stdout, stderr)."""
    return _here("edge", arguments, environment)


def process(package, *arguments, **environment):
    """Run a package, `edge` say, as a command in a process; return (exit code, stdout, stderr)."""
    ran = subprocess.run(
        [sys.executable, "-m", package] + [str(argument) for argument in arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ, **environment),
        timeout=400,
        check=False,
    )
    return ran.returncode, ran.stdout.decode(), ran.stderr.decode()


def no_internet(folder):
    """Return the environment of a machine that can fetch nothing and has fetched nothing."""
    return {
        "KERAS_HOME": os.path.join(str(folder), "keras"),
        "HOME": str(folder),
        "https_proxy": "http://127.0.0.1:9",
    }


def _here(package, arguments, environment):
    main = importlib.import_module(package + ".__main__").main
    output, errors = io.StringIO(), io.StringIO()
    with mock.patch.dict(os.environ, environment):
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            try:
                code = main([str(argument) for argument in arguments])
            except SystemExit as end:  # argparse's
                code = end.code
    _give_memory_back()
    return code, output.getvalue(), errors.getvalue()


def _give_memory_back():
    """Let go of the networks that a training has left: a process of its own would have ended."""
    if "keras" in sys.modules:
        sys.modules["keras"].backend.clear_session()
    gc.collect()
    memory.give_back()
