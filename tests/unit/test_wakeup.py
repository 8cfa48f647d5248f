"""Waking a thread that waits for sockets."""

import threading

from edge.wakeup import Wakeup
from tests.support.waking import is_woken


def test_a_wait_ends_when_another_thread_wakes_it():
    wakeup = Wakeup()
    thread = threading.Thread(target=wakeup.wake)
    thread.start()
    assert is_woken(wakeup, timeout=10.0)
    thread.join()
    wakeup.clear()
    assert not is_woken(wakeup)
    wakeup.close()


def test_it_may_be_woken_any_number_of_times_and_after_its_end():
    wakeup = Wakeup()
    for _ in range(100000):
        wakeup.wake()
    assert is_woken(wakeup)
    wakeup.close()
    wakeup.wake()


def test_clearing_what_nobody_woke_does_not_wait():
    wakeup = Wakeup()
    wakeup.clear()
    wakeup.close()
