"""A broker that says no, byte by byte, as no real one can be told to."""

import socket
import struct
import threading

CONNECT, SUBSCRIBE = 0x10, 0x82


class RefusingBroker:
    """Speaks only MQTT 3.1.1 (`speaks_5` False), and refuses every subscription.

    `levels` has the protocol level of each CONNECT that came: 5 for MQTT 5, 4 for 3.1.1.
    """

    def __init__(self, speaks_5, leaves_with=None):
        """Begin; `leaves_with`: the reason code with which it leaves whom it has let in."""
        self.levels = []
        self._leaves_with = leaves_with
        self._client = None
        self._speaks_5 = speaks_5
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(8)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10.0)

    def disconnect(self, code):
        """End the last connection with a DISCONNECT of MQTT 5 that has a code and no more."""
        self._client.sendall(bytes([0xE0, 0x01, code]))
        self._client.shutdown(socket.SHUT_RDWR)

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client:
                client.settimeout(2.0)
                try:
                    self._talk(client)
                except (OSError, IndexError):
                    pass  # the client has gone, or says nothing more

    def _talk(self, client):
        while True:
            kind, length = client.recv(1)[0], client.recv(1)[0]
            body = client.recv(length)
            if kind == CONNECT:
                level = body[6]
                self.levels.append(level)
                self._client = client
                if level == 5 and not self._speaks_5:
                    return client.sendall(b"\x20\x02\x00\x01")  # as MQTT 3.1.1, 3.2.2.3 has it
                connack = b"\x20\x03\x00\x00\x00" if level == 5 else b"\x20\x02\x00\x00"
                if self._leaves_with is None:
                    client.sendall(connack)
                else:
                    client.sendall(connack + bytes([0xE0, 0x01, self._leaves_with]))
                    linger = struct.pack("ii", 1, 0)  # so that nothing more can be written to it
                    return client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            elif kind == SUBSCRIBE:
                answer = b"\x00\x87" if level == 5 else b"\x80"
                client.sendall(bytes([0x90, 2 + len(answer)]) + body[:2] + answer)
