"""A way to the broker that can be cut, stopped, slowed and filled, and that keeps account."""

import asyncio
import threading
from contextlib import suppress

CONNECT, PUBLISH, PUBACK = 1, 3, 4
QUOTA_EXCEEDED = 0x97
FAILURE = 0x80

OPEN, STOPPED, SLOW, FULL, CUT = "open", "stopped", "slow", "full", "cut"
"""What it does: passes everything on; passes nothing on, holding the connections; passes each
acknowledgement a second late; refuses what is published; cuts the connection in the middle of what
is published next, and is open again."""

SLOW_SECONDS = 1.0


class BrokerProxy:
    """Stands between clients and a broker.

    Attributes:
        port: of this machine, for the clients.
        mode: one of the above; may be set at any time.
        acknowledged: (topic, payload) of each message that a client published and the broker
            acknowledged, in that order, whether or not the client has heard of it.
        refused: how many it has refused, being full.
    """

    def __init__(self, broker_port):
        self.mode = OPEN
        self.acknowledged = []
        self.refused = 0
        self._broker_port = broker_port
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0)
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def close(self):
        """End it and its connections."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10.0)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10.0)
        self._loop.close()

    async def _end(self):
        self._server.close()
        others = [task for task in _tasks(self._loop) if task is not _current_task(self._loop)]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader, writer):
        try:
            to_broker = await asyncio.open_connection("127.0.0.1", self._broker_port)
        except OSError:
            writer.close()
            return
        client = _Client(self, (reader, writer), to_broker)
        pumps = [asyncio.ensure_future(pump) for pump in (client.ask(), client.answer())]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            writer.close()
            to_broker[1].close()


class _Client:
    """One client's connection, in both directions."""

    def __init__(self, proxy, client, broker):
        self._proxy = proxy
        self._from_client, self._to_client = client
        self._from_broker, self._to_broker = broker
        self._is_version_5 = False
        self._published = {}  # {number: (topic, payload)}

    async def ask(self):
        """Pass on what the client sends, until either side has gone."""
        with suppress(OSError, EOFError):
            while True:
                head, body = await _packet(self._from_client)
                await self._while_stopped()
                kind = head[0] >> 4
                if kind == CONNECT:
                    self._is_version_5 = body[6] == 5
                elif kind == PUBLISH:
                    number = self._note(head[0], body)
                    if self._proxy.mode == FULL and number is not None and self._is_version_5:
                        self._proxy.refused += 1
                        self._to_client.write(bytes([PUBACK << 4, 3]) + number)
                        self._to_client.write(bytes([QUOTA_EXCEEDED]))
                        continue
                    if self._proxy.mode == CUT:
                        self._proxy.mode = OPEN
                        self._to_broker.write((head + body)[: (len(head) + len(body)) // 2])
                        await self._to_broker.drain()
                        return
                self._to_broker.write(head + body)
                await self._to_broker.drain()

    async def answer(self):
        """Pass on what the broker sends, until either side has gone."""
        with suppress(OSError, EOFError):
            while True:
                head, body = await _packet(self._from_broker)
                await self._while_stopped()
                if head[0] >> 4 == PUBACK:
                    message = self._published.pop(body[:2], None)
                    if message is not None and (len(body) < 3 or body[2] < FAILURE):
                        self._proxy.acknowledged.append(message)
                    if self._proxy.mode == SLOW:
                        await asyncio.sleep(SLOW_SECONDS)
                self._to_client.write(head + body)
                await self._to_client.drain()

    async def _while_stopped(self):
        while self._proxy.mode == STOPPED:
            await asyncio.sleep(0.02)

    def _note(self, head, body):
        """Remember what is published at QoS 1; return its number, two bytes, or None."""
        if not head & 0x06:
            return None
        end = 2 + int.from_bytes(body[:2], "big")
        topic, number, rest = body[2:end].decode("utf-8"), body[end : end + 2], body[end + 2 :]
        if self._is_version_5:
            assert rest[0] < 0x80, "its properties are longer than is read here"
            rest = rest[1 + rest[0] :]
        self._published[number] = (topic, rest)
        return number


async def _packet(reader):
    """Return (the fixed header, the rest) of a packet."""
    head = await reader.readexactly(2)
    length, shift = head[1] & 0x7F, 7
    while head[-1] & 0x80:
        head += await reader.readexactly(1)
        length |= (head[-1] & 0x7F) << shift
        shift += 7
    return head, await reader.readexactly(length)


def _tasks(loop):
    """Return the loop's tasks; where they are found changed with Python 3.7, and again with 3.9."""
    return getattr(asyncio, "all_tasks", getattr(asyncio.Task, "all_tasks", None))(loop)


def _current_task(loop):
    return getattr(asyncio, "current_task", getattr(asyncio.Task, "current_task", None))(loop)
