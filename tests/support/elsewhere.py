"""`labeld` on a machine whose system files lie below another root: a Jetson's, say."""

import os
import subprocess
import sys

from edge import __main__
from edge.machine.device import Device


def below(root):
    """Return what starts it there, as `tests.support.servers.Labeld` wants it."""

    def begin(package, arguments, log, folder=None, environment=None):
        assert package == "edge"
        command = [sys.executable, "-m", "tests.support.elsewhere", str(root)] + list(arguments)
        top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        with open(str(log), "ab") as file:
            return subprocess.Popen(
                command,
                stdout=file,
                stderr=file,
                cwd=top,
                env=dict(os.environ, **(environment or {})),
            )

    return begin


def main(root, arguments):
    Device.__init__.__defaults__ = (root,)
    return __main__.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
