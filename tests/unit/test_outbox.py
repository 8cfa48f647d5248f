"""What is not acknowledged: bounded, in order, and handed out until somebody has it."""

import threading
import time

import pytest
from prometheus_client import CollectorRegistry

from edge.deliver.held import Held
from edge.deliver.outbox import KEEP_SECONDS
from edge.metrics import Metrics
from edge.wakeup import Wakeup
from tests.support.outboxes import label, outbox_for
from tests.support.servers import SECONDS
from tests.support.waking import is_woken


@pytest.fixture
def registry():
    return CollectorRegistry()


def names_out(outbox):
    """Return the names of all that is handed out now, in order."""
    found = []
    unsent = outbox.next_unsent()
    while unsent is not None:
        found.append(unsent[1].payload.decode().split('"')[3])
        unsent = outbox.next_unsent()
    return found


def test_messages_leave_in_the_order_they_came(registry):
    outbox = outbox_for(10, metrics=Metrics(registry))
    for name in "abc":
        assert outbox.put(label(name), timeout=0.0)
    assert names_out(outbox) == ["a", "b", "c"]
    held = registry.get_sample_value("labeld_outbox_messages")
    assert held == len(outbox) == 3, "none of them is acknowledged"


def test_a_message_is_settled_once_the_broker_has_it(registry):
    outbox, settled = outbox_for(10, metrics=Metrics(registry)), []
    outbox.put(label("a", settled), timeout=0.0)
    key, _ = outbox.next_unsent()
    assert settled == []
    outbox.acknowledge(key)
    assert settled == ["a"]
    assert registry.get_sample_value("labeld_outbox_messages") == len(outbox) == 0
    assert registry.get_sample_value("labeld_outbox_bytes") == 0


def test_a_full_outbox_takes_nothing_until_one_is_acknowledged():
    outbox = outbox_for(2)
    assert outbox.put(label("a"), timeout=0.0)
    assert outbox.put(label("b"), timeout=0.0)
    assert not outbox.put(label("c"), timeout=0.0)
    outbox.acknowledge(outbox.next_unsent()[0])
    assert outbox.put(label("c"), timeout=0.0)
    assert names_out(outbox) == ["b", "c"]


def test_bytes_are_a_bound_too():
    outbox = outbox_for(100, bytes=2 * label("a").size)
    assert outbox.put(label("a"), timeout=0.0)
    assert outbox.put(label("b"), timeout=0.0)
    assert not outbox.put(label("c"), timeout=0.0)


def test_a_camera_s_label_makes_room_for_others_and_is_counted(registry):
    outbox = outbox_for(2, metrics=Metrics(registry))
    for name in ("old", "newer"):
        outbox.put(label(name, source="aisle", may_drop=True), timeout=0.0)
    assert outbox.put(label("file"), timeout=0.0)
    outbox.drop_new()
    counted = registry.get_sample_value(
        "labeld_outbox_dropped_total", {"source": "aisle", "reason": "full"}
    )
    assert counted == 1
    assert outbox.put(label("another"), timeout=0.0)
    outbox.drop_new()
    assert not outbox.put(label("a third"), timeout=0.0), "files are never dropped"
    assert names_out(outbox) == ["file", "another"]


def test_what_is_sent_again_takes_its_former_place():
    outbox = outbox_for(10)
    for name in "abcd":
        outbox.put(label(name), timeout=0.0)
    keys = [outbox.next_unsent()[0] for _ in range(3)]
    outbox.send_again([keys[2], keys[0]])
    assert names_out(outbox) == ["a", "c", "d"]


def test_nothing_is_to_be_written_before_it_has_waited():
    outbox = outbox_for(10)
    outbox.put(label("a"), timeout=0.0)
    now = time.monotonic()
    assert outbox.to_keep(now) == []
    assert len(outbox.to_keep(now + KEEP_SECONDS)) == 1


def test_the_last_retained_message_of_each_topic_is_current_until_it_is_taken_back():
    outbox = outbox_for(10)
    for name in "ab":
        outbox.put(label(name, source="aisle", retain=True), timeout=0.0)
    outbox.put(label("file"), timeout=0.0)
    assert outbox.current() == [], "what is still to be sent needs not be told before"
    for _ in range(3):
        outbox.acknowledge(outbox.next_unsent()[0])
    assert [message.payload for message in outbox.current()] == [b'{"id": "b"}']
    outbox.put(label("", source="aisle", retain=True)._replace(payload=b""), timeout=0.0)
    outbox.acknowledge(outbox.next_unsent()[0])
    assert outbox.current() == []


def test_whoever_sends_is_woken():
    wakeup = Wakeup()
    outbox_for(1, wakeup).put(label("a"), timeout=0.0)
    assert is_woken(wakeup)
    wakeup.close()


def opened(outbox, _):
    outbox.opened(Held(messages=1), last_key=7)


def kept(outbox, messages):
    outbox.kept(messages)


@pytest.mark.parametrize("happens", [opened, kept])
def test_whoever_loads_what_is_stored_waits_while_labels_pass_and_no_longer(happens):
    outbox = outbox_for(10)
    waiting = threading.Thread(target=outbox.wait, args=(SECONDS,))
    waiting.start()
    outbox.put(label("a"), timeout=0.0)
    outbox.acknowledge(outbox.next_unsent()[0])
    outbox.put(label("b"), timeout=0.0)
    unsent = outbox.next_unsent()
    assert waiting.is_alive()
    happens(outbox, [unsent])
    waiting.join(SECONDS / 2)
    assert not waiting.is_alive()
