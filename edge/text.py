"""Which texts may be a name, and how one from elsewhere is shown on a line."""

import re
from typing import Optional

MOST_BYTES = 65535
"""Of a text in an MQTT packet: MQTT 5, 1.5.4."""

_REFUSED = re.compile(
    # control characters (C0, DEL, C1), surrogates, U+FDD0 to U+FDEF and the last two of each plane:
    # a receiver may close the connection for them, MQTT 5, 1.5.4; and the line and paragraph
    # separators, which end a line for some that read it
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17))
    + "]"
)


def fault(text: str, most_bytes: int = MOST_BYTES) -> Optional[str]:
    """Return why a text can be no name, such as of a class or a topic; None: it can.

    Args:
        text: the text.
        most_bytes: so long it may be, in UTF-8.
    """
    found = _REFUSED.search(text)
    if found:
        return "it has U+{:04X} in it, which is no character to be shown".format(ord(found.group()))
    size = len(text.encode("utf-8"))
    return (
        None
        if size <= most_bytes
        else "it has {} bytes; at most {} are allowed".format(size, most_bytes)
    )


def cleaned(text: str, mark: str = "_") -> str:
    """Return a text with a mark in the place of what `fault` finds in it."""
    return _REFUSED.sub(mark, text)


def one_line(text: str) -> str:
    """Return a text with escapes in the place of what would end a line or steer a terminal."""
    return _REFUSED.sub(lambda found: found.group().encode("unicode_escape").decode(), text)
