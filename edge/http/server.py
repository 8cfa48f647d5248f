"""The HTTP server: one thread, so many connections, none for longer than is stated."""

import asyncio
import logging
import socket
import ssl
from typing import Any, Dict, Optional, Set

from aiohttp import web

from edge.config.settings import HttpSettings
from edge.errors import LabeldError
from edge.http.access import access
from edge.http.connection import attend
from edge.machine.thread import named_thread

BACKLOG = 16
"""So many more wait until one of `max_connections` is gone."""

RETRY_SECONDS = 1.0
"""Until the next client is accepted where the last could not be, for want of descriptors."""

CLOSE_SECONDS = 2.0

_log = logging.getLogger(__name__)


class HttpServer:
    """Serves until it is closed, in a thread of its own."""

    def __init__(self, settings: HttpSettings, app: web.Application) -> None:
        """Bind, and serve.

        Args:
            settings: the `http` section of the configuration.
            app: the pages.

        Raises:
            LabeldError: the address cannot be bound, or its certificate not be used.
        """
        self._settings = settings
        self._app = app
        self._context = _tls(settings)
        self._socket = _bound(settings)
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(_note)
        self._serving = self._loop.create_task(self._serve())
        self._thread = named_thread("http", self._run)
        self._thread.start()

    def close(self) -> None:
        """Answer nobody any more."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._serving.cancel)
            self._thread.join(CLOSE_SECONDS)
        self._socket.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serving)
        except asyncio.CancelledError:
            self._loop.close()
        except Exception:
            _log.exception("http: failed; nobody is answered")

    async def _serve(self) -> None:
        self._app.middlewares.append(access(self._settings))
        # aiohttp would log a line for each request, and for each that is none
        runner = web.AppRunner(self._app, access_log=None, logger=_silent())
        await runner.setup()
        clients: Set[Any] = set()
        try:
            while True:
                await self._accept(runner.server, clients)
        finally:
            for client in clients:
                client.cancel()
            await asyncio.gather(*clients, return_exceptions=True)
            await runner.cleanup()

    async def _accept(self, make_protocol: Any, clients: Set[Any]) -> None:
        while len(clients) >= self._settings.max_connections:
            await asyncio.wait(clients, return_when=asyncio.FIRST_COMPLETED)
        try:
            client, _ = await self._loop.sock_accept(self._socket)
        except ConnectionError:
            return  # it is gone already
        except OSError as error:
            _log.warning("http: cannot accept a client: %s; trying on", error)
            await asyncio.sleep(RETRY_SECONDS)
            return
        client.setblocking(False)
        talk = attend(client, make_protocol, self._context, self._settings.timeout_s)
        task = self._loop.create_task(talk)
        clients.add(task)
        task.add_done_callback(clients.discard)


def _note(_: asyncio.AbstractEventLoop, context: Dict[str, Any]) -> None:
    """What a client does to its connection is its own affair."""
    _log.debug("http: %s", context)


def _silent() -> logging.Logger:
    logger = logging.Logger("http", logging.CRITICAL)
    logger.disabled = True
    return logger


def _bound(settings: HttpSettings) -> socket.socket:
    address = settings.address.strip("[]")
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, settings.port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
        return listener
    except (OSError, OverflowError) as error:
        listener.close()
        raise LabeldError(
            "http: cannot listen on {}:{}: {}; another program may hold the port".format(
                settings.address, settings.port, error
            )
        )


def _tls(settings: HttpSettings) -> Optional[ssl.SSLContext]:
    if settings.tls is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls.cert, settings.tls.key)
    except OSError as error:  # ssl.SSLError is one
        raise LabeldError("http.tls: {!r}: {}".format(settings.tls.cert, error))
    return context
