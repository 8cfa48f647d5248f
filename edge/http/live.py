"""The page's state, told to each open page as server-sent events."""

import asyncio
import json
import time
from typing import Any, Callable, Dict, Optional, Tuple

from aiohttp import web

from edge.http.access import harden

SECONDS = 2.0
"""From one state to the next."""

MARGIN_SECONDS = 1.0
"""A stream ends so long before its connection would be cut off; the browser makes another."""


class Live:
    """Tells the state to so many pages at a time; the HTTP server's thread only."""

    def __init__(self, state: Callable[[], Dict[str, Any]], most: int, last_seconds: float) -> None:
        """Begin with no page open.

        Args:
            state: returns what is told, for JSON.
            most: streams at a time: others find no connection left otherwise.
            last_seconds: what a connection may last.
        """
        self._state = state
        self._most = most
        self._lasts = max(SECONDS, last_seconds - MARGIN_SECONDS)
        self._streams = 0
        self._told: Optional[Tuple[float, bytes]] = None
        self._closing: Optional["asyncio.Future[None]"] = None

    async def begin(self, _: web.Application) -> None:
        """Be ready for streams; aiohttp calls it in the loop that serves."""
        self._closing = asyncio.get_event_loop().create_future()

    async def end(self, _: web.Application) -> None:
        """End the streams."""
        if self._closing is not None and not self._closing.done():
            self._closing.set_result(None)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Answer with the state, and again, until the connection has lasted long enough."""
        if self._streams >= self._most:
            return web.Response(text="too many pages are open\n", status=503)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        harden(response)
        self._streams += 1
        try:
            await response.prepare(request)
            await self._tell(response)
        except ConnectionError:
            pass  # the page was closed
        finally:
            self._streams -= 1
        return response

    async def _tell(self, response: web.StreamResponse) -> None:
        assert self._closing is not None
        end = time.monotonic() + self._lasts
        await response.write(b"retry: 1000\n\n")
        left = self._lasts
        while left > 0 and not self._closing.done():
            await response.write(b"data: " + self._text() + b"\n\n")
            await asyncio.wait([self._closing], timeout=min(left, SECONDS))
            left = end - time.monotonic()

    def _text(self) -> bytes:
        """Return the state as JSON, which is made once for all pages, at set moments."""
        moment = time.monotonic() // SECONDS
        if self._told is None or moment != self._told[0]:
            text = json.dumps(self._state(), ensure_ascii=False, allow_nan=False)
            self._told = moment, text.encode("utf-8", "backslashreplace")
        return self._told[1]
