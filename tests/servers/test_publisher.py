"""From the outbox to a real broker, by one thread's steps."""

import time

import pytest
from prometheus_client import CollectorRegistry, Gauge

from edge.config.settings import Config, ModelSettings, MqttSettings
from edge.deliver.outbox import Message, Outbox
from edge.deliver.publisher import IN_FLIGHT, Publisher
from edge.deliver.statuses import Statuses
from edge.wakeup import Wakeup
from tests.support import servers


class Site:
    """A publisher to a port of this machine, what it publishes, and what was delivered."""

    def __init__(self, port):
        config = Config(ModelSettings("unused"), (), "bench", mqtt=MqttSettings(port=port))
        self.wakeup = Wakeup()
        self.outbox, self.statuses = Outbox(10000, wakeup=self.wakeup), Statuses(self.wakeup)
        self.connected = Gauge("connected", "1 while it is", registry=CollectorRegistry())
        self.publisher = Publisher(config, self.outbox, self.statuses, self.connected, self.wakeup)
        self.delivered = []

    def put(self, name, topic="labeld/bench/drop/label"):
        message = Message(
            topic, name.encode(), lambda: self.delivered.append(name), False, time.monotonic(), ()
        )
        assert self.outbox.put(message, timeout=0.0)

    def step_until(self, condition, what, seconds=30.0):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, what
            self.publisher.step()

    def close(self):
        self.publisher.close(time.monotonic() + 5.0)
        self.wakeup.close()


@pytest.fixture
def site(broker):
    site = Site(broker.port)
    yield site
    site.close()


def test_messages_are_delivered_in_order_however_many_there_are(site, subscriber):
    names = [str(number) for number in range(3 * IN_FLIGHT)]
    for name in names:
        site.put(name)
    site.step_until(lambda: len(site.outbox) == 0, "all are acknowledged")
    assert site.delivered == names
    servers.wait_for(lambda: len(subscriber.payloads("label")) == len(names), "all have come")
    assert [payload.decode() for payload in subscriber.payloads("label")] == names


def test_what_was_not_acknowledged_is_sent_again_in_its_place(site, broker, subscriber):
    site.put("before")
    site.step_until(lambda: site.delivered == ["before"], "the first is delivered")
    broker.stop()
    for name in "abc":
        site.put(name)
    site.step_until(lambda: site.connected._value.get() == 0, "the loss is noticed")
    broker.start()
    site.step_until(lambda: site.delivered == ["before", "a", "b", "c"], "the others too")


def test_the_last_word_on_each_status_is_told_to_who_comes_late(site, broker):
    site.statuses.set("labeld/bench/aisle/status", b"stale")
    site.statuses.set("labeld/bench/aisle/status", b"live")
    site.put("a")
    site.step_until(lambda: site.delivered, "what came after them is delivered")
    late = servers.Subscriber(broker.port, name="late")
    servers.wait_for(lambda: len(late.payloads("status")) == 2, "the retained")
    assert set(late.payloads("status")) == {b"online", b"live"}
    late.close()


def test_at_the_end_it_says_offline(broker):
    site = Site(broker.port)
    site.step_until(lambda: site.connected._value.get() == 1, "it is connected")
    site.close()
    late = servers.Subscriber(broker.port, name="late")
    servers.wait_for(lambda: late.payloads("status") == [b"offline"], "the retained")
    late.close()
