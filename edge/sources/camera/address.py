"""Where a camera is: its address for people, and why it cannot be reached."""

import re
import socket
from typing import Optional
from urllib.parse import urlsplit

PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
"""The ports that these schemes stand for: RFC 7826 section 20.3 and RFC 9110 section 4.2."""

_SECRET = re.compile(r"(://[^/@\s:]*):[^/@\s]*@")


def masked(text: str) -> str:
    """Return `text` with the passwords of the addresses in it left out."""
    return _SECRET.sub(r"\1:***@", text)


def trouble(url: str, timeout_seconds: float) -> Optional[str]:
    """Return why no connection to `url` can be made, as a text; None where one can.

    A capture library that says no more than "it did not work" is asked after in this way.
    """
    parts = urlsplit(url)
    if parts.scheme not in PORTS:
        return None
    try:
        where = (parts.hostname, parts.port or PORTS[parts.scheme])
        socket.create_connection(where, timeout_seconds).close()
    except socket.gaierror:
        return "the name {} is not known".format(parts.hostname)
    except (socket.timeout, TimeoutError):
        return "nobody answers at {}:{} within {:g} s".format(*(where + (timeout_seconds,)))
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    return None
