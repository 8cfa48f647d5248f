"""Cameras for tests: an HTTP one and an RTSP one that can be told to fail, and a real scene."""

import hashlib
import os
import re
import socket
import struct
import subprocess
import threading
import time

import cv2

from tests.support import servers
from tests.support.missing import skip_or_fail

SCENE = "/usr/share/doc/opencv-doc/examples/data/vtest.avi"
"""People crossing a square, seen by a fixed camera (Debian: opencv-doc)."""

SYSTEM_PYTHON = "/usr/bin/python3"
RTSP_SERVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "rtsp_server.py")

_HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n"
_PART = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
_UNAUTHORISED = (
    b"HTTP/1.0 401 Unauthorized\r\n"
    b'WWW-Authenticate: %b realm="camera", nonce="once", qop="auth", algorithm=MD5\r\n\r\n'
)
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER for a close that sends RST."""


def require(path, package):
    """Skip the test where a Debian package's file is missing, or fail under CI=true."""
    if not os.path.exists(path):
        reason = "{} is not installed: {} is missing".format(package, path)
        skip_or_fail(reason)


def scene(count):
    """Return the real scene's first pictures: a list of uint8[576, 768, 3], BGR."""
    require(SCENE, "opencv-doc")
    video = cv2.VideoCapture(SCENE)
    pictures = [video.read()[1] for _ in range(count)]
    video.release()
    return pictures


def jpeg(image):
    return cv2.imencode(".jpg", image)[1].tobytes()


def _knows_the_password(request):
    """Return True if a request is by "user" with the password "s3cret" (RFC 7617, RFC 7616)."""
    if b"Authorization: Basic dXNlcjpzM2NyZXQ=" in request:
        return True
    said = dict(re.findall(r'(\w+)="?([^",\s]+)', request.decode("latin-1")))
    if said.get("username") != "user":
        return False
    secrets = ("user:camera:s3cret", "GET:/stream")
    first, last = (hashlib.md5(secret.encode()).hexdigest() for secret in secrets)
    proof = ":".join((first, "once", said["nc"], said["cnonce"], "auth", last))
    return said["response"] == hashlib.md5(proof.encode()).hexdigest()


class TcpServer:
    """Hands each connection to `_answer`, in a thread of its own, until it is closed."""

    def __init__(self):
        self.connections = 0
        self._closed = threading.Event()
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(64)
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self):
        self._closed.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10.0)

    def _accept(self):
        while not self._closed.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,))
            thread.start()
            self._threads = [old for old in self._threads if old.is_alive()] + [thread]

    def _serve(self, connection):
        connection.settimeout(10.0)
        try:
            self._answer(connection)
        except OSError:
            pass  # the client has gone
        finally:
            connection.close()

    def _answer(self, connection):
        raise NotImplementedError


class MjpegServer(TcpServer):
    """Sends JPEG files in turn, `fps` of them a second, until `fault` says what to do instead.

    asks_for: b"Basic" or b"Digest": only who knows the password gets pictures.
    """

    def __init__(self, pictures, fps=20, length=True):
        """Serve `pictures` (JPEG files), each with its length or, as some cameras do, without."""
        self.fault = None
        self.asks_for = None
        self.pictures = pictures
        self._fps = fps
        self._length = length
        super().__init__()
        self.url = "http://127.0.0.1:{}/stream".format(self.port)

    def _answer(self, connection):
        request = connection.recv(4096)
        if self.fault == "unauthorised":
            return connection.sendall(_UNAUTHORISED % b"Basic")
        if self.asks_for is not None and not _knows_the_password(request):
            return connection.sendall(_UNAUTHORISED % self.asks_for)
        if self.fault == "not found":
            return connection.sendall(b"HTTP/1.0 404 Not Found\r\n\r\n")
        if self.fault == "page":
            return connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\nhi")
        if self.fault != "silent":
            connection.sendall(_HEAD)
        number = 0
        while not self._closed.is_set():
            picture = self.pictures[number % len(self.pictures)]
            if self._send(connection, picture, number):
                return None
            number += 1
            self._closed.wait(1.0 / self._fps)
        return None

    def _send(self, connection, picture, number):
        """Send a picture, or fail as told; return True if it was the last thing to be sent."""
        fault = self.fault
        if fault in ("stall", "silent"):
            return self._closed.wait(60.0) or True
        if fault == "end after one" and number == 1:
            return True
        if fault in ("end", "not found", "unauthorised", "page"):
            return True
        if fault == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            return True
        if fault == "garbage":
            connection.sendall(os.urandom(100000))
            return True
        if fault == "half":
            connection.sendall((_PART % len(picture) + picture)[: len(picture) // 2])
            return self._closed.wait(60.0) or True
        if fault == "cut":
            picture = picture[: len(picture) // 2]
        if fault == "junk":
            picture = os.urandom(1000)
        if fault == "other size" and number % 2:
            picture = jpeg(cv2.resize(scene(1)[0], (320, 240)))
        head = _PART % len(picture) if self._length else b"--frame\r\n\r\n"
        connection.sendall(head + picture + b"\r\n")
        return False


class RtspServer:
    """GStreamer's RTSP server, sending JPEG files in turn as H.264."""

    def __init__(self, folder, pictures):
        """Write `pictures` (uint8[height, width, 3], BGR) into `folder` and serve them."""
        require("/usr/lib/python3/dist-packages/gi", "python3-gi")
        self.port = servers.free_port()
        self.url = "rtsp://127.0.0.1:{}/camera".format(self.port)
        self._folder = str(folder)
        for number, picture in enumerate(pictures):
            with open(os.path.join(self._folder, "{:04d}.jpg".format(number)), "wb") as file:
                file.write(jpeg(picture))
        self.process = None

    def start(self):
        command = [SYSTEM_PYTHON, RTSP_SERVER, str(self.port), self._folder]
        with open(os.path.join(self._folder, "rtsp.log"), "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        servers.wait_for(
            lambda: self.process.poll() is not None or servers.answers(self.port), "RTSP listens"
        )
        assert self.process.poll() is None, self.log()

    def log(self):
        with open(os.path.join(self._folder, "rtsp.log"), encoding="utf-8") as file:
            return file.read()

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait(10.0)


class Proxy:
    """A TCP proxy that breaks what passes through it, as `fault` says."""

    def __init__(self, port):
        self.fault = None
        self._to = port
        self._closed = threading.Event()
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(64)
        self.port = self._listener.getsockname()[1]
        self._pairs = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def reset(self):
        """End all connections at once, by RST."""
        for client, server in self._pairs:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            client.close()
            server.close()
        self._pairs = []

    def close(self):
        self._closed.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.reset()
        for thread in self._threads:
            thread.join(10.0)

    def _accept(self):
        while not self._closed.is_set():
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to), 5.0)
            except OSError:
                continue
            self._pairs.append((client, server))
            for source, sink in ((client, server), (server, client)):
                source.settimeout(0.1)
                thread = threading.Thread(target=self._pass, args=(source, sink, source is server))
                thread.start()
                self._threads.append(thread)

    def _pass(self, source, sink, from_server):
        while not self._closed.is_set():
            try:
                data = source.recv(65536)
                if from_server and self.fault == "garbage":
                    data = os.urandom(len(data))
                if from_server and self.fault == "stall":
                    continue
                if not data:
                    return sink.shutdown(socket.SHUT_RDWR)
                sink.sendall(data)
            except socket.timeout:
                time.sleep(0)
            except OSError:
                return None
        return None
