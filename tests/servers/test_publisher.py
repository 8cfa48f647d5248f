"""From the outbox to a real broker, by one thread's steps."""

import re
import time

import pytest
from prometheus_client import CollectorRegistry, Gauge

from edge.config.settings import Config, ModelSettings, MqttSettings
from edge.deliver.message import Message
from edge.deliver.publisher import IN_FLIGHT, Publisher
from edge.deliver.statuses import Statuses
from edge.metrics import FAILED
from edge.wakeup import Wakeup
from tests.support import servers
from tests.support.outboxes import outbox_for
from tests.support.refusing_broker import RefusingBroker


class Site:
    """A publisher to a port of this machine, what it publishes, and what was delivered."""

    def __init__(self, port, **mqtt):
        settings = MqttSettings(port=port, **mqtt)
        config = Config(ModelSettings("unused"), (), "bench", mqtt=settings)
        self.wakeup = Wakeup()
        self.outbox, self.statuses = outbox_for(10000, self.wakeup), Statuses(self.wakeup)
        self.connected = Gauge("connected", "1 while it is", registry=CollectorRegistry())
        self.publisher = Publisher(config, self.outbox, self.statuses, self.connected, self.wakeup)
        self.delivered, self.refused = [], []

    def put(self, name, topic="labeld/bench/drop/label", retain=False):
        message = Message(
            topic,
            name.encode(),
            retain,
            time.monotonic(),
            outcome=FAILED,  # one that is not said in other words if it is refused
            settle=lambda reason: self._settled(name, reason),
        )
        assert self.outbox.put(message, timeout=0.0)

    def _settled(self, name, reason):
        if reason is None:
            self.delivered.append(name)
        else:
            self.refused.append(reason)

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


def test_why_a_broker_leaves_is_said_even_if_much_waits_to_be_published(caplog):
    broker = RefusingBroker(speaks_5=True, leaves_with=0x8B)
    site = Site(broker.port)
    try:
        for number in range(IN_FLIGHT):
            site.put(str(number))
            site.statuses.set("labeld/bench/{}/status".format(number), b"live")
        site.step_until(lambda: "was lost" in caplog.text, "it leaves")
        assert "the connection was lost: Server shutting down" in caplog.text
    finally:
        site.close()
        broker.close()


@pytest.fixture
def limited(tmp_path):
    """Return a function that makes a Site at a mosquitto with more lines in its configuration."""
    made = []

    def at(*lines, **mqtt):
        folder = tmp_path / "limited"
        folder.mkdir()
        broker = servers.Mosquitto(folder, more=lines)
        broker.start()
        made.append((Site(broker.port, **mqtt), broker))
        return made[-1]

    yield at
    for site, broker in made:
        site.close()
        broker.stop()


LONG = "x" * 500


def test_what_is_larger_than_the_broker_states_is_not_sent_and_the_next_is(limited, caplog):
    site, broker = limited("max_packet_size 400")
    for name in ("a", LONG, "b"):
        site.put(name)
    site.step_until(lambda: site.delivered == ["a", "b"], "the others are delivered")
    assert len(site.refused) == 1
    assert re.match(r"its message has 5\d\d bytes; the broker takes at most 400$", site.refused[0])
    assert "lost" not in caplog.text


def test_a_message_of_the_very_size_that_the_broker_takes_is_taken(limited):
    site, broker = limited("max_packet_size 400")
    for size in range(320, 400):
        site.put("y" * size)
    site.step_until(lambda: len(site.outbox) == 0, "all are settled")
    sizes = [len(name) for name in site.delivered]
    assert sizes == list(range(320, 320 + len(sizes)))
    assert len(sizes) + len(site.refused) == 80
    assert "has 401 bytes" in site.refused[0]


def test_what_the_broker_refuses_for_its_size_without_stating_one_is_set_aside(limited):
    site, broker = limited("message_size_limit 400")
    for name in ("a", LONG, "b"):
        site.put(name)
    site.step_until(lambda: site.delivered == ["a", "b"], "the others are delivered")
    site.step_until(lambda: site.refused, "what is too large is set aside")
    assert site.refused == ["the broker refuses its message: Packet too large"]


def test_the_highest_qos_that_the_broker_takes_is_used_and_said(limited, caplog):
    site, broker = limited("max_qos 1", qos=2)
    site.put("a")
    site.step_until(lambda: site.delivered == ["a"], "it is delivered")
    assert "it takes at most QoS 1: that is used instead of 2" in caplog.text


def test_a_broker_that_takes_qos_0_alone_gets_that(limited, caplog):
    site, broker = limited("max_qos 0")
    site.put("a")
    site.step_until(lambda: site.delivered == ["a"], "it is sent")
    assert "at most QoS 0: that is used instead of 1, so that what it loses is lost" in caplog.text


def test_a_broker_that_retains_nothing_gets_labels_and_statuses_all_the_same(limited, caplog):
    site, broker = limited("retain_available false")
    subscriber = servers.Subscriber(broker.port)
    site.put("a", retain=True)
    site.statuses.set("labeld/bench/aisle/status", b"stale")
    site.step_until(lambda: site.delivered == ["a"], "it is delivered")
    servers.wait_for(lambda: b"stale" in subscriber.payloads("status"), "the status")
    assert "it retains nothing" in caplog.text
    subscriber.close()


def test_one_message_at_a_time_goes_where_the_broker_takes_no_more(limited):
    site, broker = limited("max_inflight_messages 1")
    names = [str(number) for number in range(20)]
    for name in names:
        site.put(name)
    site.step_until(lambda: site.delivered == names, "all are delivered")
    assert site.publisher._connection.window == 1
