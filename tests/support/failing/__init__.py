"""A labeld one of whose stages fails once it is asked to."""

import os

from tests.support.forked import Forked

ENDINGS = THROWS, EXITS, HANGS = ("throws", "exits", "hangs")


def started(stage, ending, trigger):
    """Return what starts a labeld whose `stage` ends so when there is a file `trigger`."""

    def begin(_package, arguments, log, folder=None, environment=None):
        told = {"STAGE": stage, "ENDING": ending, "TRIGGER": os.fspath(trigger)}
        return Forked(__name__, arguments, log, folder, dict(environment or {}, **told))

    return begin
