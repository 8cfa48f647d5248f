"""What a connection to the broker tells its owner."""

from typing import NamedTuple, Optional

import paho.mqtt.client as paho


class Refusal(NamedTuple):
    """Why the broker does not take something.

    Attributes:
        text: for people.
        lasts: whether the same will never be taken.
    """

    text: str
    lasts: bool


class Listener:
    """Is told what happens on a `Connection`; does nothing of itself.

    Each call comes from within the connection's `step` or `close`, so on the thread that drives
    it. None may block, and what one raises ends that thread's stage.
    """

    meanwhile = "trying again"
    """What is so while there is trouble, for the log."""

    qos = 0
    """At which it publishes."""

    @property
    def is_full(self) -> bool:
        """True while nothing more is to be read: what comes then waits at the broker."""
        return False

    def on_up(self) -> None:
        """The broker has accepted us."""

    def on_down(self) -> None:
        """The connection is lost; what was not acknowledged is the listener's to send again."""

    def on_trouble(self, reason: str) -> None:
        """There is no connection, and why: once for each cause."""

    def on_published(self, number: int, refusal: Optional[Refusal]) -> None:
        """The answer to what `Connection.publish` gave this number: None, or why it is refused."""

    def on_subscribed(self, refusal: Optional[Refusal]) -> None:
        """The answer to `Connection.subscribe`: None, or why the broker refuses."""

    def on_message(self, message: paho.MQTTMessage) -> None:
        """A message has come."""
