"""Whatever happens to messages, and in which order, each is delivered, and in its order."""

import json
import tempfile
import time

import pytest
from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from prometheus_client import CollectorRegistry

from edge.deliver import keeper, outbox
from edge.deliver.keeper import Keeper
from edge.deliver.notes import Notes
from edge.metrics import Metrics
from tests.support.outboxes import label, outbox_for

LOADED = 4
"""Stored messages in memory at most: few, so that few messages go through every state."""


@pytest.fixture(autouse=True)
def small(monkeypatch):
    for module in (outbox, keeper):
        monkeypatch.setattr(module, "LOADED", LOADED)
    monkeypatch.setattr(keeper, "STEP_SECONDS", 0.0)
    monkeypatch.setattr(keeper, "REMOVE_SECONDS", 0.0)


class Delivery(RuleBasedStateMachine):
    """An outbox with a store, and a publisher that loses connections and meets refusals."""

    def __init__(self):
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._made = 0
        self._acknowledged = []
        self._settled = []
        self._begin()

    def _begin(self):
        self._sent, self._refused = [], []
        metrics = Metrics(CollectorRegistry(), ["drop"])
        self._outbox = outbox_for(10000, metrics=metrics, delayed_per_second=1e6)
        self._keeper = Keeper(self._outbox, Notes(), self._folder.name + "/outbox.db")

    def teardown(self):
        self.connection_lost()
        self.refused_again()
        for _ in range(self._made + 20):
            self._keeper.step()
            self.send(8)
            self.acknowledge(8)
        self._keeper.close()
        self._folder.cleanup()
        assert len(self._outbox) == 0, "some wait for ever"
        assert set(self._acknowledged) == set(range(self._made))

    @rule(count=some.integers(1, 6), is_old=some.booleans())
    def put(self, count, is_old):
        for _ in range(count):
            since = time.monotonic() - (outbox.KEEP_SECONDS + 1 if is_old else 0)
            assert self._outbox.put(label(str(self._made), self._settled, since=since), 0.0)
            self._made += 1

    @rule()
    def keep(self):
        self._keeper.step()

    @rule(count=some.integers(1, 8))
    def send(self, count):
        for _ in range(count):
            now = time.monotonic()
            unsent = self._outbox.next_unsent() or self._outbox.next_delayed(now)
            if unsent is not None:
                self._sent.append(unsent)

    @rule(count=some.integers(1, 8))
    def acknowledge(self, count):
        for _ in range(min(count, len(self._sent))):
            key, message = self._sent.pop(0)
            self._outbox.acknowledge(key)
            self._acknowledged.append(int(json.loads(message.payload.decode())["id"]))

    @rule()
    def connection_lost(self):
        self._outbox.send_again([key for key, _ in self._sent])
        self._sent = []

    @rule(count=some.integers(1, 8))
    def refuse(self, count):
        """As a broker whose quota is exceeded does."""
        self._refused += self._sent[:count]
        del self._sent[:count]

    @rule()
    def refused_again(self):
        self._outbox.send_again([key for key, _ in self._refused])
        self._refused = []


class Restarted(Delivery):
    """The same, with restarts, each of which mends what is wrong in memory alone."""

    @rule()
    def restart(self):
        self._keeper.close()
        self._begin()


@pytest.mark.parametrize("kind", [Delivery, Restarted])
def test_each_message_is_acknowledged_at_last(kind):
    run_state_machine_as_test(kind, settings=settings(max_examples=300, stateful_step_count=30))
