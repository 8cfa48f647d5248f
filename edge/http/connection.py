"""One client's connection: it may last so long, and no longer, whatever the client does."""

import asyncio
import socket
import ssl
from typing import Any, Callable, Optional


class _Watched(asyncio.Protocol):
    """Hands everything on to aiohttp's protocol, and knows when the connection is gone."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._inner.data_received(data)

    def eof_received(self) -> Optional[bool]:
        self._inner.eof_received()
        return None

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, error: Optional[BaseException]) -> None:
        self.gone.set()
        self._inner.connection_lost(error)


async def attend(
    client: socket.socket,
    make_protocol: Callable[[], Any],
    context: Optional[ssl.SSLContext],
    seconds: float,
) -> None:
    """Serve a client until it is gone, for at most `seconds`, its TLS handshake included.

    Args:
        client: its socket, accepted and not blocking.
        make_protocol: returns what speaks HTTP with it: an asyncio.Protocol.
        context: of TLS; None: in plain text.
        seconds: then it is cut off.
    """
    loop = asyncio.get_event_loop()
    transport: Any = None

    async def talk() -> None:
        nonlocal transport
        transport, protocol = await loop.connect_accepted_socket(
            lambda: _Watched(make_protocol()), client, ssl=context
        )
        await protocol.gone.wait()

    try:
        await asyncio.wait_for(talk(), seconds)
    except (asyncio.TimeoutError, OSError):  # ssl.SSLError is one
        pass
    finally:
        if transport is not None:
            transport.abort()
        else:
            _hang_up(client)


def _hang_up(client: socket.socket) -> None:
    """End it without closing it: who holds it for the handshake closes it on that."""
    try:
        client.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
