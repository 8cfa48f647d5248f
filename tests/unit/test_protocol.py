"""The states of a connection to the broker: each way through the table in its docstring."""

import pytest

from edge.backoff import Backoff
from edge.mqtt.protocol import CONNACK_SECONDS, RECEIVE_MAXIMUM, STEADY_SECONDS, Protocol, State

NOT_SUPPORTED_5, NOT_SUPPORTED_3 = 0x84, 0x01
NOT_AUTHORIZED = 0x87


class Fixed(Backoff):
    """Waits 1, 2, 4 ... seconds, without chance."""

    def next(self):
        wait, self._next = self._next, 2 * self._next
        return wait


@pytest.fixture
def protocol():
    return Protocol(window=50, tries=Fixed(1.0), losses=Fixed(1.0))


def accepted(protocol, now=0.0, receive_maximum=None):
    protocol.begin(now)
    protocol.accepted(now, receive_maximum)


def test_the_first_try_is_due_at_once_and_speaks_mqtt_5(protocol):
    assert protocol.due(0.0)
    assert protocol.is_version_5
    protocol.begin(0.0)
    assert protocol.state is State.CONNECTING
    assert not protocol.due(100.0), "one try at a time"


def test_accepted_it_is_up_and_the_backoff_begins_anew(protocol):
    for now in (0.0, 10.0, 20.0):
        protocol.begin(now)
        protocol.failed("refused")
    accepted(protocol, now=30.0)
    assert protocol.state is State.UP
    assert protocol.number == 1
    protocol.ended(30.0)
    protocol.begin(40.0)
    protocol.failed("refused")
    assert protocol.due(41.0)


@pytest.mark.parametrize(("allowed", "window"), [(20, 20), (100, 50), (None, 50)])
def test_the_window_is_the_smaller_of_ours_and_the_broker_s(protocol, allowed, window):
    accepted(protocol, receive_maximum=allowed)
    assert protocol.window == window


def test_a_broker_that_states_no_receive_maximum_takes_the_protocol_s():
    protocol = Protocol(window=RECEIVE_MAXIMUM + 1)
    accepted(protocol)
    assert protocol.window == RECEIVE_MAXIMUM


def test_a_try_that_cannot_connect_is_told_and_tried_again_after_ever_longer_waits(protocol):
    protocol.begin(0.0)
    assert protocol.failed("Connection refused") == "cannot connect: Connection refused"
    assert protocol.state is State.WAITING
    assert not protocol.due(0.9)
    assert protocol.due(1.0)
    protocol.begin(1.0)
    protocol.failed("Connection refused")
    assert not protocol.due(2.9)
    assert protocol.due(3.0)


def test_refused_for_its_version_it_tries_the_other_at_once_without_a_word(protocol):
    protocol.begin(0.0)
    assert protocol.refused(NOT_SUPPORTED_5, "unsupported protocol version") is None
    assert protocol.due(0.0)
    assert not protocol.is_version_5


def test_refused_in_both_versions_it_says_so_and_begins_with_mqtt_5_again(protocol):
    protocol.begin(0.0)
    protocol.refused(NOT_SUPPORTED_5, "unsupported protocol version")
    protocol.begin(0.0)
    said = protocol.refused(NOT_SUPPORTED_3, "unacceptable protocol version")
    assert said == "the broker refused us: unacceptable protocol version"
    assert protocol.is_version_5
    assert not protocol.due(0.0)


def test_refused_for_another_reason_it_says_so_and_keeps_its_version(protocol):
    protocol.begin(0.0)
    assert protocol.refused(NOT_AUTHORIZED, "Not authorized")
    assert protocol.is_version_5
    assert not protocol.due(0.9)
    assert protocol.due(1.0)


def test_a_broker_that_hangs_up_on_mqtt_5_is_tried_with_3(protocol):
    protocol.begin(0.0)
    assert protocol.ended(0.0) is None
    assert protocol.due(0.0)
    assert not protocol.is_version_5
    protocol.begin(0.0)
    assert "gave no CONNACK: is it an MQTT broker?" in protocol.ended(0.0)
    assert protocol.is_version_5


def test_a_broker_that_does_not_answer_is_given_up_in_time(protocol):
    protocol.begin(0.0)
    assert not protocol.overdue(CONNACK_SECONDS)
    assert protocol.overdue(CONNACK_SECONDS + 0.1)
    assert protocol.unanswered() is None
    assert not protocol.is_version_5, "it may not know MQTT 5"
    assert not protocol.overdue(2 * CONNACK_SECONDS)


def test_a_broker_that_has_accepted_us_is_not_suspected_of_another_version(protocol):
    accepted(protocol)
    protocol.ended(0.0)
    protocol.begin(10.0)
    assert "gave no CONNACK" in protocol.ended(10.0)
    assert protocol.is_version_5


def test_a_lost_connection_is_told_and_after_a_short_one_the_wait_grows(protocol):
    accepted(protocol)
    assert protocol.ended(1.0) == "the connection was lost"
    assert protocol.due(2.0)
    accepted(protocol, now=2.0)
    assert protocol.ended(3.0) == "the connection was lost", "it was up in between"
    assert not protocol.due(4.9)
    assert protocol.due(5.0)


def test_after_a_connection_that_held_the_next_try_comes_soon(protocol):
    for now in (0.0, 10.0, 20.0):
        accepted(protocol, now=now)
        protocol.ended(now)
    accepted(protocol, now=30.0)
    protocol.ended(30.0 + STEADY_SECONDS + 0.1)
    assert protocol.due(30.0 + STEADY_SECONDS + 1.1)


def test_each_cause_is_said_once_until_it_was_up(protocol):
    for now, said in ((0.0, True), (10.0, False), (20.0, False)):
        protocol.begin(now)
        assert bool(protocol.failed("no route to host")) == said
    protocol.begin(30.0)
    assert protocol.failed("Connection refused"), "another cause"
    accepted(protocol, now=40.0)
    protocol.ended(40.0)
    protocol.begin(50.0)
    assert protocol.failed("Connection refused"), "it was up in between"


def test_what_was_given_up_may_close_later_without_a_word(protocol):
    protocol.begin(0.0)
    protocol.refused(NOT_AUTHORIZED, "Not authorized")
    assert protocol.ended(0.1) is None
    assert protocol.state is State.WAITING


def test_closed_it_is_due_no_more(protocol):
    accepted(protocol)
    protocol.close()
    assert protocol.state is State.CLOSED
    assert protocol.ended(1.0) is None
    assert not protocol.due(1e9)


def test_what_the_broker_said_when_it_ended_the_connection_is_told(protocol):
    accepted(protocol)
    assert protocol.ended(1.0, "Quota exceeded") == "the connection was lost: Quota exceeded"


def test_short_connections_without_a_word_make_it_suspect_another_of_its_name(protocol):
    said = []
    for now in (0.0, 1.0, 2.0):
        accepted(protocol, now)
        said.append(protocol.ended(now + 0.1))
    assert said[:2] == ["the connection was lost"] * 2
    assert said[2].endswith("does another client have the same client id?")
    accepted(protocol, 3.0)
    assert protocol.ended(3.0 + STEADY_SECONDS + 1) == "the connection was lost"
