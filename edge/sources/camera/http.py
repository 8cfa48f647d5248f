"""A camera over HTTP: its answer, whatever scheme of password it asks for."""

import hashlib
import http.client
import re
import urllib.error
import urllib.request
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple
from urllib.parse import urljoin

from edge.errors import SourceError
from edge.masking import user_info

_CHALLENGE = re.compile(r"(?:^|,)\s*(?=[A-Za-z][\w-]*(?:\s+[^=,\s]|\s*(?:,|$)))")
"""Where a challenge begins among others in one header (RFC 9110, 11.6.1)."""

_HASHES: Dict[str, Callable[[bytes], Any]] = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
"""Of Digest (RFC 7616); the session variants no camera is known to ask for."""


class Answer(NamedTuple):
    """What a server sends.

    Attributes:
        body: a file, to be closed.
        kind: its media type.
        headers: its headers.
    """

    body: Any
    kind: str
    headers: http.client.HTTPMessage


class Client:
    """Asks one address, with the user and the password in it where the server wants them."""

    def __init__(self, url: str, timeout_seconds: float) -> None:
        """Ask nothing yet.

        Args:
            url: http:// or https://.
            timeout_seconds: how long an answer may take.
        """
        user, password, self._url = user_info(url)
        self._timeout = timeout_seconds
        handlers: List[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        if user is not None:
            known = urllib.request.HTTPPasswordMgrWithDefaultRealm()
            # wherever the server sends us on the same host, and nowhere else
            known.add_password(None, urljoin(self._url, "/"), user, password)
            handlers += [_Digest(known), _Basic(known)]
        self._opener = urllib.request.build_opener(*handlers)

    def ask(self, headers: Optional[Dict[str, str]] = None) -> Optional[Answer]:
        """Return the Answer; None if there is nothing new (304).

        Args:
            headers: what to ask it with.

        Raises:
            SourceError: there is none; the text is the cause.
        """
        request = urllib.request.Request(self._url, headers=headers or {})
        try:
            body = self._opener.open(request, timeout=self._timeout)
        except urllib.error.HTTPError as error:
            if error.fp is not None:  # Digest given up, where Python 3.6 cannot close nothing
                error.close()
            if error.code == http.client.NOT_MODIFIED:
                return None
            phrase = http.client.responses.get(error.code, "")
            raise SourceError("the server answers {} {}".format(error.code, phrase).rstrip())
        except urllib.error.URLError as error:
            raise SourceError(cause(error.reason, self._timeout))
        except Exception as error:  # http.client has many for an answer that is no HTTP
            raise SourceError(cause(error, self._timeout))
        coding = body.headers.get("Content-Encoding", "identity").strip().lower()
        if coding not in ("identity", ""):
            body.close()
            raise SourceError(
                "the server compresses its answer ({}), though not asked to: turn that off "
                "there".format(coding)
            )
        return Answer(body, body.headers.get_content_type(), body.headers)


def cause(error: Any, timeout_seconds: float) -> str:
    """Return why a read failed, as text."""
    if "timed out" in str(error):
        return late(timeout_seconds)
    return getattr(error, "strerror", None) or "{}: {}".format(type(error).__name__, error)


def late(timeout_seconds: float) -> str:
    """Return that no picture came in time, as text."""
    return "no picture came for {:g} s".format(timeout_seconds)


def challenges(headers: http.client.HTTPMessage) -> List[Tuple[str, str]]:
    """Return (scheme in lower case, the whole challenge) of all WWW-Authenticate headers."""
    found = []
    for header in headers.get_all("www-authenticate", []):
        starts = [match.end() for match in _CHALLENGE.finditer(header)] or [0]
        for begin, end in zip(starts, starts[1:] + [len(header)]):
            one = header[begin:end].strip(" ,")
            words = one.split()
            if words:
                found.append((words[0].lower(), one))
    return found


def _only(headers: http.client.HTTPMessage, challenge: Optional[str]) -> http.client.HTTPMessage:
    """Return headers that ask for a password by one challenge, or none."""
    found = http.client.HTTPMessage()
    for name, value in headers.items():
        if name.lower() != "www-authenticate":
            found[name] = value
    if challenge is not None:
        found["WWW-Authenticate"] = challenge
    return found


class _Digest(urllib.request.HTTPDigestAuthHandler):
    """Answers the first Digest challenge whose hash is known, the strongest first."""

    def http_error_401(self, req: Any, fp: Any, code: int, msg: Any, headers: Any) -> Any:
        known = {
            _algorithm(text): text for scheme, text in challenges(headers) if scheme == "digest"
        }
        best = known.get("SHA-256", known.get("MD5"))
        if best is None:
            return None
        # of several protections it is this one, which Python 3.6 wants alone
        best = re.sub(r'qop\s*=\s*("[^"]*\bauth\b[^"]*"|auth\b)', 'qop="auth"', best)
        return super().http_error_401(req, fp, code, msg, _only(headers, best))

    def get_algorithm_impls(self, algorithm: str) -> Any:
        hashed = _HASHES.get(algorithm.upper())
        if hashed is None:
            return super().get_algorithm_impls(algorithm)

        def digest(text: str) -> str:
            return hashed(text.encode("utf-8")).hexdigest()

        return digest, lambda secret, data: digest("{}:{}".format(secret, data))


class _Basic(urllib.request.HTTPBasicAuthHandler):
    """Answers a Basic challenge, where there is no Digest that could be answered."""

    def http_error_401(self, req: Any, fp: Any, code: int, msg: Any, headers: Any) -> Any:
        found = [text for scheme, text in challenges(headers) if scheme == "basic"]
        if not found:
            return None
        return super().http_error_401(req, fp, code, msg, _only(headers, found[0]))


def _algorithm(challenge: str) -> str:
    found = re.search(r'algorithm\s*=\s*"?([\w-]+)', challenge, re.I)
    return found.group(1).upper() if found else "MD5"
