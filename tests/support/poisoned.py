"""labeld with a decoder in which a picture of a certain width ends the process.

Of the pictures that did so to a real decoder none is known that still does.
"""

import subprocess
import sys

from tests.support import tiny

WIDTH = 13

_CODE = """
import signal, sys, threading
from edge import __main__, pipeline
decode = pipeline.decode
def poisoned(data, header, covering):
    if header.width == {}:
        signal.pthread_kill(threading.get_ident(), signal.SIGSEGV)  # this very thread, now
    return decode(data, header, covering)
pipeline.decode = poisoned
sys.exit(__main__.main(sys.argv[1:]))
""".format(WIDTH)


def picture():
    """Return a whole PNG that ends it."""
    return tiny.encode(tiny.picture("red", size=(20, WIDTH)), ".png")


def started(package, arguments, log, folder=None, environment=None):
    """Start labeld so; see `tests.support.forked.started`."""
    with open(log, "ab") as file:
        return subprocess.Popen(
            [sys.executable, "-c", _CODE] + arguments, stdout=file, stderr=file, cwd=folder
        )
