"""What can happen to a broker."""

import time
from contextlib import contextmanager

from tests.support import broker_proxy
from tests.support.servers import wait_for

USER, PASSWORD = "labeld", "the right one"
"""Whom the broker is to know, and labeld to be."""


class BrokerFaults:
    """What is done to the broker, by name: contexts, after which it is as it was."""

    def __init__(self, mosquitto, proxy, daemon, chance):
        self._mosquitto, self._proxy, self._daemon, self._chance = mosquitto, proxy, daemon, chance
        self.known = {
            "killed": self._killed,
            "restarted": self._restarted,
            "frozen": self._frozen,
            "stopped": lambda: self._while_it_is(broker_proxy.STOPPED),
            "cut": self._cut,
            "slow": lambda: self._while_it_is(broker_proxy.SLOW),
            "full": self._full,
            "password changed": self._password_changed,
        }

    def _a_while(self):
        time.sleep(self._chance.uniform(0.1, 2.0))

    @contextmanager
    def _killed(self):
        self._mosquitto.kill()
        yield
        self._a_while()
        self._mosquitto.start()

    @contextmanager
    def _restarted(self):
        self._mosquitto.stop()
        self._mosquitto.start()
        yield

    @contextmanager
    def _frozen(self):
        self._mosquitto.freeze()
        yield
        self._a_while()
        self._mosquitto.thaw()

    @contextmanager
    def _while_it_is(self, mode):
        self._proxy.mode = mode
        yield
        self._a_while()
        self._proxy.mode = broker_proxy.OPEN

    @contextmanager
    def _cut(self):
        self._proxy.mode = broker_proxy.CUT
        yield
        wait_for(lambda: self._proxy.mode == broker_proxy.OPEN, "a message is cut")

    @contextmanager
    def _full(self):
        before = self._proxy.refused
        self._proxy.mode = broker_proxy.FULL
        yield
        wait_for(lambda: self._proxy.refused > before, "a message is refused")
        self._a_while()
        self._proxy.mode = broker_proxy.OPEN

    @contextmanager
    def _password_changed(self):
        before = self._refusals()
        self._give_password("another one")
        yield
        wait_for(lambda: self._refusals() > before, "it is refused")
        self._give_password(PASSWORD)

    def _refusals(self):
        return self._daemon.log().count("Not authorized")

    def _give_password(self, password):
        self._mosquitto.stop()
        self._mosquitto.set_password(USER, password)
        self._mosquitto.start()
