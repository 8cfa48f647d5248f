"""Who may see the pages, and what each answer says of itself."""

import hmac
import logging
from typing import Any, Awaitable, Callable, Optional

import aiohttp
from aiohttp import web

from edge.config.settings import HttpSettings

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
"""What answers a request: aiohttp's."""

_HEADERS = {
    # nothing is loaded, from nowhere, where an answer does not say otherwise
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

_log = logging.getLogger(__name__)


def access(settings: HttpSettings) -> Any:
    """Return the middleware that lets in whoever knows the password, where there is one."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await _answered(request, handler, settings)
        if not response.prepared:
            harden(response)
        return response

    return middleware


def harden(response: web.StreamResponse) -> None:
    """Have an answer say what a browser may do with it, and end its connection."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.force_close()  # a connection has one request: what it may last bounds both


async def _answered(
    request: web.Request, handler: Handler, settings: HttpSettings
) -> web.StreamResponse:
    try:
        if settings.password is None or _knows(request, settings.username, settings.password):
            return await handler(request)
        ask = {"WWW-Authenticate": 'Basic realm="labeld", charset="UTF-8"'}
        return web.Response(text="a name and a password are needed\n", status=401, headers=ask)
    except web.HTTPException as refusal:
        return web.Response(text=refusal.reason + "\n", status=refusal.status)
    except Exception:
        _log.exception("http: %s failed", request.path)
        return web.Response(text="labeld failed; its log says how\n", status=500)


def _knows(request: web.Request, username: str, password: str) -> bool:
    given = _credentials(request.headers.get("Authorization", ""))
    if given is None:
        return False
    pair, right = "{}:{}".format(*given[:2]), "{}:{}".format(username, password)
    # in a time that does not tell where they differ
    return hmac.compare_digest(pair.encode("utf-8"), right.encode("utf-8"))


def _credentials(header: str) -> Optional[aiohttp.BasicAuth]:
    try:
        return aiohttp.BasicAuth.decode(header, encoding="utf-8")
    except ValueError:
        return None
