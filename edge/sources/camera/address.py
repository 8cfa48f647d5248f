"""Where a camera is, and why it cannot be reached."""

import socket
from typing import Optional
from urllib.parse import urlsplit

from edge.masking import user_info

PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
"""The ports that these schemes stand for: RFC 7826 section 20.3 and RFC 9110 section 4.2."""


def trouble(url: str, timeout_seconds: float) -> Optional[str]:
    """Return why no connection to `url` can be made, as a text; None where one can.

    A capture library that says no more than "it did not work" is asked after in this way.
    """
    try:
        parts = urlsplit(user_info(url)[2])
        if parts.scheme not in PORTS:
            return None
        where = (parts.hostname, parts.port or PORTS[parts.scheme])
        socket.create_connection(where, timeout_seconds).close()
    except socket.gaierror:
        return "the name {} is not known".format(parts.hostname)
    except (socket.timeout, TimeoutError):
        return "nobody answers at {}:{} within {:g} s".format(*(where + (timeout_seconds,)))
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    return None
