"""The stages between a source and the graph."""

import queue

from edge.pump import Pump


class Asked:
    """A source that is asked to stop while it looks for frames."""

    name = "asked"

    def __init__(self):
        self.open = None

    def frames(self, stop):
        self.open = True
        try:
            while not stop.is_set():
                stop.set()
                yield None
        finally:
            self.open = False


def test_a_source_that_is_stopped_puts_away_what_it_holds():
    source = Asked()
    pump = Pump(source, queue.Queue(1))
    assert pump.step(), "there is a source to end"
    assert source.open
    assert not pump.step()
    assert source.open is False
