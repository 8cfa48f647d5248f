"""Retained topics: only the last word on each counts."""

from edge.deliver.statuses import Statuses
from edge.wakeup import Wakeup
from tests.support.waking import is_woken


def untold(statuses):
    found = []
    status = statuses.next_untold()
    while status is not None:
        topic, word = status
        found.append((topic, word.payload))
        status = statuses.next_untold()
    return found


def test_each_topic_s_last_payload_is_told_once():
    statuses = Statuses()
    statuses.set("a", b"1")
    statuses.set("b", b"1")
    statuses.set("a", b"2")
    assert untold(statuses) == [("a", b"2"), ("b", b"1")]
    assert untold(statuses) == []


def test_what_has_not_changed_is_not_told_again():
    statuses = Statuses()
    statuses.set("a", b"1")
    untold(statuses)
    statuses.set("a", b"1")
    assert untold(statuses) == []


def test_a_broker_that_may_have_forgotten_is_told_all_again():
    statuses = Statuses()
    statuses.set("a", b"1")
    statuses.set("b", b"2")
    untold(statuses)
    statuses.tell_all()
    assert untold(statuses) == [("a", b"1"), ("b", b"2")]


def test_what_is_not_retained_is_told_once_and_told_again_when_it_comes_again():
    statuses = Statuses()
    statuses.set("a", b"1", retain=False)
    assert untold(statuses) == [("a", b"1")]
    statuses.tell_all()
    assert untold(statuses) == []
    statuses.set("a", b"1", retain=False)
    assert untold(statuses) == [("a", b"1")]


def test_whoever_tells_is_woken_by_a_change_alone():
    wakeup = Wakeup()
    statuses = Statuses(wakeup)
    statuses.set("a", b"1")
    assert is_woken(wakeup)
    wakeup.clear()
    statuses.set("a", b"1")
    assert not is_woken(wakeup)
    wakeup.close()
