"""What is not acknowledged: bounded, in order, and handed out until somebody has it."""

import pytest
from prometheus_client import CollectorRegistry, Gauge

from edge.deliver.outbox import Message, Outbox
from edge.wakeup import Wakeup
from tests.support.waking import is_woken


def message(name, delivered=None):
    told = (lambda: None) if delivered is None else (lambda: delivered.append(name))
    return Message("a/" + name, b"", told, told, retain=False, since=0.0, user_properties=())


@pytest.fixture
def gauge():
    return Gauge("held", "Messages held", registry=CollectorRegistry())


def names_out(outbox):
    """Return the names of all that is handed out now, in order."""
    found = []
    unsent = outbox.next_unsent()
    while unsent is not None:
        found.append(unsent[1].topic[2:])
        unsent = outbox.next_unsent()
    return found


def test_messages_leave_in_the_order_they_came(gauge):
    outbox = Outbox(10, gauge)
    for name in "abc":
        assert outbox.put(message(name), timeout=0.0)
    assert names_out(outbox) == ["a", "b", "c"]
    assert gauge._value.get() == len(outbox) == 3, "none of them is acknowledged"


def test_a_message_is_delivered_once_the_broker_has_it(gauge):
    outbox, delivered = Outbox(10, gauge), []
    outbox.put(message("a", delivered), timeout=0.0)
    key, _ = outbox.next_unsent()
    assert delivered == []
    outbox.acknowledge(key)
    assert delivered == ["a"]
    assert gauge._value.get() == len(outbox) == 0


def test_a_full_outbox_takes_nothing_until_one_is_acknowledged():
    outbox = Outbox(2)
    assert outbox.put(message("a"), timeout=0.0)
    assert outbox.put(message("b"), timeout=0.0)
    assert not outbox.put(message("c"), timeout=0.0)
    outbox.acknowledge(outbox.next_unsent()[0])
    assert outbox.put(message("c"), timeout=0.0)
    assert names_out(outbox) == ["b", "c"]


def test_what_is_sent_again_takes_its_former_place():
    outbox = Outbox(10)
    for name in "abcd":
        outbox.put(message(name), timeout=0.0)
    keys = [outbox.next_unsent()[0] for _ in range(3)]
    outbox.send_again([keys[2], keys[0]])
    assert names_out(outbox) == ["a", "c", "d"]


def test_whoever_sends_is_woken():
    wakeup = Wakeup()
    Outbox(1, wakeup=wakeup).put(message("a"), timeout=0.0)
    assert is_woken(wakeup)
    wakeup.close()
