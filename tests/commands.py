"""The commands as a user starts them."""

import os
import subprocess
import sys


def labeld_export(*arguments, **environment):
    """Run the command; return (exit code, stdout, stderr)."""
    return _run("export", arguments, environment)


def labeld(*arguments, **environment):
    """Run the command; return (exit code, stdout, stderr)."""
    return _run("edge", arguments, environment)


def _run(package, arguments, environment):
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
