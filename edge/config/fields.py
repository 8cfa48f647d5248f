"""Checks for what only labeld's own keys hold; those for any key are in `schema`."""

import fnmatch
import ipaddress
import re
from typing import Any, List, Optional, Tuple, Union

from edge.config.schema import number, text

NO_PICTURE, EACH_PICTURE, UNKNOWN_PICTURE = PICTURES = ("none", "label", "unknown")
"""Of `publish_picture`: none, that of each label, that of those which say "unknown"."""

AUTO = "auto"
"""The threshold that the bundle has."""

Threshold = Union[float, str]
"""A score from 0 to 1, or AUTO."""

TLS_SCHEMES = ("mqtts", "ssl", "tls", "wss")
"""The schemes by which others name a broker with TLS."""

STREAMS = ("rtsp", "rtsps", "http", "https")
"""The schemes of the addresses at which cameras are read."""


def threshold(value: Any, place: str, faults: List[str]) -> Any:
    """A score, or that of the bundle."""
    if value == AUTO:
        return value
    wrong: List[str] = []
    number(0, 1)(value, place, wrong)
    faults += [fault + ", nor " + AUTO for fault in wrong]
    return value


def topic(value: Any, place: str, faults: List[str]) -> Any:
    """What topics begin with."""
    text(value, place, faults)
    if isinstance(value, str) and (not value.strip("/") or set(value) & set("+#")):
        faults.append(
            "{}: {!r} cannot begin a topic: text without '+' and '#'".format(place, value)
        )
    elif isinstance(value, str) and value.strip("/").startswith("$"):
        faults.append(
            "{}: {!r} begins with '$': such topics are the broker's own".format(place, value)
        )
    return value


def topic_filter(value: Any, place: str, faults: List[str]) -> Any:
    """What a subscription matches: MQTT 5, 4.7.1."""
    text(value, place, faults)
    levels = value.split("/") if isinstance(value, str) else [""]
    wild = [level for level in levels if set(level) & set("+#")]
    whole = all(level in "+#" for level in wild) and "#" not in levels[:-1]
    if not any(levels) or not whole or value.startswith("$share/"):
        faults.append(
            "{}: {!r} is no topic filter: levels between '/', '+' for any one of them, a last '#' "
            "for all that follow; `share` adds $share".format(place, value)
        )
    return value


def share_name(value: Any, place: str, faults: List[str]) -> Any:
    """The name of a shared subscription: MQTT 5, 4.8.2."""
    text(value, place, faults)
    if isinstance(value, str) and set(value) & set("/+#"):
        faults.append("{}: {!r} is no name without '/', '+' and '#'".format(place, value))
    return value


def camera_url(value: Any, place: str, faults: List[str]) -> Any:
    """Where a camera is."""
    text(value, place, faults)
    scheme, separator, _ = str(value).partition("://")
    if separator and " " not in scheme and scheme not in STREAMS:
        faults.append(
            "{}: {!r} is none of {}; a device, a file or a GStreamer pipeline has no '://'".format(
                place, scheme + separator, ", ".join(STREAMS)
            )
        )
    return value


def host(value: Any, place: str, faults: List[str]) -> Any:
    """The name or the address of a broker, and nothing else."""
    text(value, place, faults)
    if isinstance(value, str) and not _is_address(value):
        scheme, separator, rest = value.rpartition("://")
        bare = rest.rpartition("@")[2].partition("/")[0]
        name, colon, port = bare.rpartition(":")
        name = name if colon and not _is_address(bare) else bare
        if separator or colon or "/" in value or "@" in value or not name or " " in value:
            right = ["{}: {}".format(place, name.strip("[]") or "NAME")]
            if port.isdigit() and name != bare:
                right.append("mqtt.port: {}".format(port))
            elif scheme in TLS_SCHEMES:
                right.append("mqtt.port: 8883")
            if scheme in TLS_SCHEMES:
                right.append("mqtt.tls: {}")
            if "@" in value:
                right.append("mqtt.username and mqtt.password_file")
            faults.append(
                "{}: {!r} is not the bare name or address of the broker (the port belongs into "
                "mqtt.port): write {}".format(place, value, ", ".join(right))
            )
    return value


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
        return True
    except ValueError:
        return False


def patterns(value: Any, place: str, faults: List[str]) -> Tuple[str, ...]:
    """Patterns of file names."""
    if not isinstance(value, list) or not all(_is_pattern(one) for one in value):
        faults.append(
            "{}: {!r} is no list of patterns of file names, such as ['*.draft']".format(
                place, value
            )
        )
        return ()
    return tuple(value)


def _is_pattern(value: Any) -> bool:
    if not isinstance(value, str) or not value or "/" in value:
        return False
    try:
        re.compile(fnmatch.translate(value))
    except re.error:  # before Python 3.9 a range such as [z-a]
        return False
    return True


def roi(value: Any, place: str, faults: List[str]) -> Optional[Tuple[int, ...]]:
    """A region of interest."""
    whole = isinstance(value, list) and all(type(part) is int and part >= 0 for part in value)
    if not whole or len(value) != 4 or 0 in value[2:]:
        faults.append(
            "{}: {!r} is not [x, y, width, height] in pixels of the picture".format(place, value)
        )
        return None
    return tuple(value)
