"""Passwords left out of what people read: logs, topics, errors, tables.

Better too much is left out than too little: where it is not plain where a password ends, all up to
the next space goes.
"""

import re
from typing import Iterator, Optional, Tuple
from urllib.parse import quote, unquote

MASK = "***"

_SECRET_KEY = re.compile(
    r"pas|pwd|psw|psk|pw$|^pw|token|auth|secret|key|sig|cred|session|jwt|^pin$|^code$", re.I
)
"""What a key is called whose value is secret: cameras', GStreamer's and HTTP's."""

_KEY = re.compile(r"([\w.%-]+)\s*=\s*(?:\(\w+\)\s*)?")
"""A key of a query or a property, with GStreamer's type where there is one."""

_VALUE = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')?(?:\\.|\S)*""", re.S)

_USER_INFO = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)([^\s:@/?#]*)(:\S*|)@")
_WITHOUT_SCHEME = re.compile(r"(?<![\w/:.+-])([\w.+-]+):(?!//)(\S*)@(?=\S)")
_HEADER = re.compile(r"(authorization[\"']?\s*[:=]\s*).*", re.I)
_MAPPED = re.compile(
    r"""(["'][\w.-]*(?:pass|pwd|token|secret)[\w.-]*["']\s*:\s*)(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')""",
    re.I,
)

_FEWEST_SIGNS = 3
"""A part of a password that is shorter is no secret by itself, and stands in many words."""

_PORT_AND_PATH = re.compile(r"\d{1,5}[/?]")
"""A password that begins so must be escaped, to be told from a port."""


def masked(text: str, address: Optional[str] = None) -> str:
    """Return `text` without the passwords in it.

    Args:
        text: anything, such as an error of a library that quotes an address.
        address: what `text` is about: its password is left out wherever it stands, and in parts.
    """
    if address is not None:
        text = text.replace(address, _shown(address))
        for secret in sorted(_secrets(address), key=len, reverse=True):
            text = text.replace(secret, MASK)
    text = _HEADER.sub(r"\1" + MASK, text)
    text = _MAPPED.sub(r"\1" + MASK, text)
    text = _USER_INFO.sub(_without_password, text)
    text = _WITHOUT_SCHEME.sub(r"\1:" + MASK + "@", text)
    return _without_values(text)


def user_info(address: str) -> Tuple[Optional[str], str, str]:
    """Return (user, password, address without them), the first two as they are meant.

    A password may hold `@ / # ?` as they are, though RFC 3986 wants them escaped. The user is None
    where there is none.
    """
    user, password, bare = _as_written(address)
    return None if user is None else unquote(user), unquote(password), bare


def _as_written(address: str) -> Tuple[Optional[str], str, str]:
    """Return what `user_info` does, nothing unescaped."""
    scheme, separator, rest = address.partition("://")
    user, colon, more = rest.partition(":")
    before, at, host = rest.rpartition("@")
    has_password = colon and not set(user) & set("@/?#[")
    if not separator or not at or (has_password and _PORT_AND_PATH.match(more)):
        return None, "", address
    if has_password:
        user, password = before.partition(":")[::2]
        return user, password, scheme + "://" + host
    if set(before) & set("/?#"):
        return None, "", address
    return before, "", scheme + "://" + host


def escaped(address: str) -> str:
    """Return an address with its user and password escaped, so that any library reads them."""
    user, password, bare = user_info(address)
    if user is None:
        return address
    scheme, _, rest = bare.partition("://")
    both = quote(user, safe="") + (":" + quote(password, safe="") if password else "")
    return "{}://{}@{}".format(scheme, both, rest)


def _shown(address: str) -> str:
    """Return a whole address, which may hold spaces, without its passwords."""
    user, password, bare = user_info(address)
    if user is not None:
        scheme, _, rest = bare.partition("://")
        name = user if password and user.isprintable() and " " not in user else ""
        address = "{}://{}{}@{}".format(scheme, name + ":" if name else "", MASK, rest)
    return _without_values(address)


def _secrets(address: str) -> Iterator[str]:
    """Yield what is secret in an address, whole and in the parts that libraries make of it."""
    user, password, _ = _as_written(address)
    whole = [password or user or ""]
    if user is None:
        whole.append(_after_a_colon(address))  # a password, or a port and a path
    for first, last in _values(address):
        whole.append(address[first:last].strip("\"'"))
    for secret in whole:
        parts = re.split(r"[@/#?&:;\s\"'\\]+", secret)
        for one in [secret, quote(secret, safe=""), unquote(secret), *parts]:
            if len(one) >= _FEWEST_SIGNS:
                yield one


def _after_a_colon(address: str) -> str:
    """Return what stands between the user, or host, and the last @; empty: nothing does."""
    user, _, more = address.partition("://")[2].partition(":")
    return "" if set(user) & set("@/?#") else more.rpartition("@")[0]


def _without_password(found: "re.Match[str]") -> str:
    scheme, user, password = found.groups()
    return "{}{}{}@".format(scheme, user + ":" if password else "", MASK)


def _without_values(text: str) -> str:
    done, parts = 0, []
    for first, last in _values(text):
        parts += [text[done:first], MASK]
        done = last
    return "".join(parts) + text[done:]


def _values(text: str) -> Iterator[Tuple[int, int]]:
    """Yield where the values of secret keys begin and end."""
    at = 0
    while True:
        key = _KEY.search(text, at)
        if key is None:
            return
        at = key.end()
        if _SECRET_KEY.search(unquote(key.group(1))):
            value = _VALUE.match(text, at)
            assert value is not None, "it matches nothing, too"
            at = value.end()
            if value.group() and value.group() != MASK:
                yield value.span()
