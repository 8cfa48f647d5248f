"""Where a broker is, and how it lets us in."""

from dataclasses import dataclass, field
from typing import NamedTuple, Optional


class Tls(NamedTuple):
    """Paths of PEM files: authorities to trust (None: the system's), our certificate and key."""

    ca: Optional[str] = None
    cert: Optional[str] = None
    key: Optional[str] = None


@dataclass(frozen=True)
class Broker:
    """A broker; username and password are None where it asks for none, tls where it has none."""

    host: str
    port: int
    username: Optional[str] = None
    password: Optional[str] = field(default=None, repr=False)
    tls: Optional[Tls] = None

    @property
    def name(self) -> str:
        """What people call it."""
        return "mqtt {}:{}".format(self.host, self.port)
