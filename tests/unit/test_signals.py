"""Signals as something to wait for."""

import os
import signal
import threading

from edge.daemon.signals import Signals


def send(number):
    os.kill(os.getpid(), number)


def test_signals_are_collected_and_each_is_told_once():
    with Signals((signal.SIGHUP, signal.SIGUSR1)) as signals:
        send(signal.SIGHUP)
        send(signal.SIGUSR1)
        send(signal.SIGHUP)
        assert signals.wait(timeout=10.0) == {signal.SIGHUP, signal.SIGUSR1}
        assert signals.wait(timeout=0.0) == set()


def test_a_wait_ends_with_a_signal():
    with Signals((signal.SIGHUP,)) as signals:
        threading.Timer(0.05, send, [signal.SIGHUP]).start()
        assert signals.wait(timeout=60.0) == {signal.SIGHUP}


def test_afterwards_signals_do_what_they_did_before():
    former = signal.getsignal(signal.SIGHUP)
    with Signals((signal.SIGHUP,)):
        assert signal.getsignal(signal.SIGHUP) is not former
    assert signal.getsignal(signal.SIGHUP) is former
