"""How a connection to the broker stands, without socket and clock: when to try, in which version
of MQTT, what the broker allows, and what is worth a line in the log.
"""

from enum import Enum
from typing import Optional

from edge.backoff import Backoff

CONNACK_SECONDS = 10.0

STEADY_SECONDS = 5.0
"""After a connection that held so long, the next try comes soon; after shorter ones, ever later:
two clients of one name push each other out, and must not do so as fast as they can."""

SUSPICIOUS = 3
"""So many short connections in a row are no chance."""

WRONG_VERSION = (0x01, 0x84)
"""CONNACK's codes for a protocol version that the broker does not speak: MQTT 3.1.1, MQTT 5."""

RECEIVE_MAXIMUM = 65535
"""What holds where CONNACK does not state one: MQTT 5, 3.2.2.3.3."""


class State(Enum):
    """Of a connection."""

    WAITING = "waiting"
    CONNECTING = "connecting"
    UP = "up"
    CLOSED = "closed"


class Protocol:
    """The state machine of one client at the broker.

    ==========  ==================================  ==========  ====================================
    in          when                                goes to     and
    ==========  ==================================  ==========  ====================================
    WAITING     `begin`, once it is `due`           CONNECTING  the next try is due after a backoff
    CONNECTING  `accepted`                          UP          the backoff begins anew
    CONNECTING  `failed`: no TCP, TLS or name       WAITING     it says so
    CONNECTING  `refused` for its version, MQTT 5   WAITING     3.1.1 is tried at once; not a word
    CONNECTING  `refused` for its version, 3.1.1    WAITING     it says so; MQTT 5 is next
    CONNECTING  `refused` for another reason        WAITING     it says so
    CONNECTING  `ended`, or `overdue`, and it has   WAITING     as if refused for its version: old
                never been accepted                             brokers hang up on MQTT 5
    CONNECTING  `ended`, or `overdue`, later on     WAITING     it says so
    UP          `ended`                             WAITING     it says so; the next try is due
                                                                after the backoff of losses
    WAITING     `ended`: what was given up closes   WAITING     nothing
    any         `close`                             CLOSED      nothing is due any more
    ==========  ==================================  ==========  ====================================

    What "says so" returns the text, unless it was the last thing said since it was accepted, and
    None otherwise: the log has each cause once, not once a try.

    Attributes:
        state: the State.
        is_version_5: whether this or the next try speaks MQTT 5; else it is 3.1.1.
        window: how many messages may be sent and not yet acknowledged.
        number: counts the connections that were accepted.
    """

    def __init__(
        self, window: int, tries: Optional[Backoff] = None, losses: Optional[Backoff] = None
    ) -> None:
        """Begin with a try that is due.

        Args:
            window: at most so many messages unacknowledged, whatever the broker allows.
            tries: between tries; None: a Backoff.
            losses: after connections that did not last; None: a Backoff.
        """
        self.state = State.WAITING
        self.is_version_5 = True
        self.window = window
        self.number = 0
        self._own_window = window
        self._tries = tries or Backoff()
        self._losses = losses or Backoff()
        self._short = 0
        self._was_accepted = False
        self._said: Optional[str] = None
        self._try_at = 0.0
        self._since = 0.0

    def due(self, now: float) -> bool:
        """Return True if a try is to begin; `now`: monotonic seconds, here and below."""
        return self.state is State.WAITING and now >= self._try_at

    def begin(self, now: float) -> None:
        """A try begins."""
        self.state = State.CONNECTING
        self._since = now
        self._try_at = now + self._tries.next()

    def overdue(self, now: float) -> bool:
        """Return True if the broker has not answered in time; then `unanswered` is to be called."""
        return self.state is State.CONNECTING and now > self._since + CONNACK_SECONDS

    def accepted(self, now: float, receive_maximum: Optional[int]) -> None:
        """A CONNACK has come that accepts us.

        Args:
            now: monotonic seconds.
            receive_maximum: how many messages the broker takes at a time; None: it does not say.
        """
        self.state = State.UP
        self.number += 1
        self.window = min(self._own_window, receive_maximum or RECEIVE_MAXIMUM)
        self._was_accepted = True
        self._said = None
        self._since = now
        self._tries.reset()

    def failed(self, reason: str) -> Optional[str]:
        """No connection could be made, for a reason."""
        self.state = State.WAITING
        return self._say("cannot connect: {}".format(reason))

    def refused(self, code: int, reason: str) -> Optional[str]:
        """A CONNACK has come with this code, which means no."""
        said = "the broker refused us: {}".format(reason)
        return self._give_up(said, code in WRONG_VERSION)

    def unanswered(self) -> Optional[str]:
        """The broker has been given up, which did not answer in time."""
        return self._no_answer("it took the connection, but gave no CONNACK")

    def ended(self, now: float, why: Optional[str] = None) -> Optional[str]:
        """The connection has been closed, and not by us; `why`: what the broker said, or None."""
        if self.state is State.CONNECTING:
            if why is not None:
                return self._give_up("cannot connect: " + why, not self._was_accepted)
            return self._no_answer("it closed the connection and gave no CONNACK")
        if self.state is not State.UP:
            return None
        self.state = State.WAITING
        if now - self._since > STEADY_SECONDS:
            self._losses.reset()
            self._short = 0
        self._short += 1
        self._try_at = now + self._losses.next()
        if why is None and self._short >= SUSPICIOUS:
            why = "again soon after it was made: does another client have the same client id?"
        return self._say("the connection was lost" + (": " + why if why else ""))

    def close(self) -> None:
        """Nothing is wanted any more."""
        self.state = State.CLOSED

    def _no_answer(self, what: str) -> Optional[str]:
        return self._give_up(what + ": is it an MQTT broker?", not self._was_accepted)

    def _give_up(self, said: str, may_be_the_version: bool) -> Optional[str]:
        self.state = State.WAITING
        if may_be_the_version and self.is_version_5:
            self.is_version_5 = False
            self._try_at = 0.0
            return None
        if may_be_the_version:
            self.is_version_5 = True
        return self._say(said)

    def _say(self, text: str) -> Optional[str]:
        if text == self._said:
            return None
        self._said = text
        return text
