"""Who we are at a broker."""

from typing import NamedTuple, Optional


class Will(NamedTuple):
    """What is published, retained, when we go: by ourselves, or by the broker when we are lost."""

    topic: str
    payload: str


class Identity(NamedTuple):
    """Who we are at the broker.

    Attributes:
        client_id: a name that no other client has.
        window: at most so many messages unacknowledged, in each direction.
        session_seconds: how long the broker keeps what it has for us while we are away; with a
            session, what is received is acknowledged only by `Connection.acknowledge`.
        will: a Will, or None.
    """

    client_id: str
    window: int
    session_seconds: int = 0
    will: Optional[Will] = None
