"""The command `labeld` with what `started` asks for in its environment."""

import os
import sys
import threading

from edge import __main__
from edge.daemon.heartbeat import Heartbeat
from edge.worker import Worker
from tests.support.failing import EXITS, HANGS, THROWS

HANGS_SECONDS = 5.0
"""What comes round less often is said to hang: 30 s would be long for a test.

Where no stage is to hang it stays 30 s: on a busy machine a healthy one may well take a second.
"""


def main(arguments):
    start = Worker.start

    def start_failing(worker):
        if worker.name == os.environ["STAGE"]:
            worker._step = failing(worker._step)
        start(worker)

    Worker.start = start_failing
    if os.environ["ENDING"] == HANGS:
        Heartbeat.__init__.__defaults__ = (HANGS_SECONDS,)
    return __main__.main(arguments)


def failing(step):
    def step_or_fail():
        worked = step()
        if worked and os.path.exists(os.environ["TRIGGER"]):
            fail(os.environ["ENDING"])
        return worked

    return step_or_fail


def fail(ending):
    if ending == THROWS:
        raise ValueError("a fault of labeld's own")
    if ending == EXITS:
        sys.exit()
    threading.Event().wait()  # for ever: only a kill ends it
