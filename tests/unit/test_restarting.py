"""A fault of labeld's own in one source stops neither that source for long nor any other."""

import queue
import threading
import time

import pytest

from edge.backoff import Backoff
from edge.sources.restarting import RestartingSource
from edge.sources.supervisor import Supervisor
from tests.support.servers import wait_for


class State:
    """What a SourceState is told."""

    def __init__(self):
        self.reasons = []
        self.closed = False

    def stale(self, reason):
        self.reasons.append(reason)

    def close(self):
        self.closed = True


class Source:
    """Yields its name, and then what it is told to."""

    def __init__(self, name, then=None):
        self.name = name
        self.successor = ()
        self._then = then

    def frames(self, stop):
        while not stop.is_set():
            yield self.name
            time.sleep(0.001)
            if self._then is not None:
                self._then()

    def leave(self, successor):
        self.successor = successor


def raise_it():
    raise RuntimeError("boom")


def leave():
    raise SystemExit("boom")


def test_a_source_that_fails_is_made_again_and_its_fault_told_once(caplog):
    outcomes = iter([raise_it, lambda: Source("a", raise_it), raise_it, lambda: Source("a")])
    state = State()
    restarting = RestartingSource("a", lambda: next(outcomes)(), state, Backoff(0.01, 0.02))
    stop = threading.Event()
    got = []
    for frame in restarting.frames(stop):
        if frame is not None:
            got.append(frame)
        if len(got) == 3:
            stop.set()
    assert got == ["a"] * 3
    assert state.reasons == ["it failed unexpectedly: RuntimeError: boom; trying again"] * 3
    assert state.closed
    assert caplog.text.count("Traceback") == 1


def test_a_source_that_leaves_its_thread_is_made_again():
    outcomes = iter([lambda: Source("a", leave), lambda: Source("a")])
    state, stop, got = State(), threading.Event(), []
    restarting = RestartingSource("a", lambda: next(outcomes)(), state, Backoff(0.01, 0.02))
    for frame in restarting.frames(stop):
        if frame is not None:
            got.append(frame)
        if len(got) == 2:
            stop.set()
    assert state.reasons == ["it failed unexpectedly: SystemExit: boom; trying again"]


def test_a_source_that_cannot_start_does_not_stop_the_others():
    frames, failures = queue.Queue(), []
    states = {"bad": State(), "good": State()}
    sources = {"bad": raise_it, "good": lambda: Source("good")}

    def make(settings):
        return RestartingSource(settings.name, sources[settings.name], states[settings.name])

    supervisor = Supervisor(frames, make, failures.append)
    supervisor.change([Source("bad"), Source("good")], threading.Event())
    try:
        wait_for(lambda: frames.qsize() > 20, "frames of the one")
        wait_for(lambda: states["bad"].reasons, "the fault of the other")
    finally:
        late = supervisor.stop(time.monotonic() + 10.0)
    assert (failures, late) == ([], [])
    assert set(frames.queue) == {"good"}
    assert all(state.closed for state in states.values())


@pytest.mark.parametrize("kept", [True, False])
def test_a_source_learns_who_takes_its_place(kept):
    made = []

    def make(settings):
        made.append(Source(settings.name))
        return made[-1]

    frames, stop = queue.Queue(), threading.Event()
    supervisor = Supervisor(frames, make, lambda worker: None)
    first, second = Source("a"), Source("a")
    supervisor.change([first], stop)
    wait_for(lambda: not frames.empty(), "it runs")
    ended = supervisor.change([second] if kept else [], stop)
    assert ended == [first]
    assert made[0].successor is (second if kept else None)
    assert len(made) == (2 if kept else 1)
    assert supervisor.stop(time.monotonic() + 10.0) == []
