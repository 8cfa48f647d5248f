"""Real servers and clients for tests: a mosquitto, a subscriber, a running labeld."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

import paho.mqtt.client as paho
import pytest
import yaml

from edge.mqtt.client import new_client
from tests.support.forked import Forked
from tests.support.missing import skip_or_fail

SECONDS = 60.0
"""How long a test waits for a condition before it gives up."""


def wait_for(condition, what, seconds=SECONDS):
    """Return the first true value of `condition()`; fail naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    return pytest.fail("{:.0f} s passed without: {}".format(seconds, what))


def free_port():
    """Return a port that nobody uses, nor is given for an outgoing connection before it is taken.

    Those are from 32768 on (Linux's `ip_local_port_range`).
    """
    while True:
        port = random.SystemRandom().randrange(10000, 32768)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def program(name):
    """Return the path of a server; without it skip the test, or fail under CI=true."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if path is None:
        reason = "{} is not installed".format(name)
        skip_or_fail(reason)
    return path


def answers(port):
    """Return True if something listens on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def page(url):
    """Return (status, body) of a page; (0, "") where nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5.0) as answer:
            return answer.status, answer.read().decode("utf-8")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode("utf-8")
    except OSError:
        return 0, ""


class Mosquitto:
    """A broker that keeps its sessions and queues over a restart."""

    def __init__(self, folder, access=None, user=None, more=()):
        """Write its configuration into `folder`.

        Args:
            folder: its own.
            access: lines of mosquitto's ACL file, or None.
            user: (name, password) of the only one who may connect, or None: anybody may.
            more: more lines.
        """
        self.port = free_port()
        self._program = program("mosquitto")
        self._folder = str(folder)
        self._config = os.path.join(self._folder, "mosquitto.conf")
        with open(self._config, "w", encoding="utf-8") as file:
            file.write(
                "listener {} 127.0.0.1\nallow_anonymous {}\npersistence true\n"
                "persistence_location {}/\nmax_queued_messages 0\nuser root\n".format(
                    self.port, "false" if user else "true", self._folder
                )
            )
            file.write("".join(line + "\n" for line in more))
            if user is not None:
                file.write("password_file {}/users\n".format(self._folder))
                self.set_password(*user)
            if access is not None:
                file.write("acl_file {}/acl\n".format(self._folder))
                self._allow(access)
        self._process = None

    def start(self):
        with open(os.path.join(self._folder, "mosquitto.log"), "ab") as log:
            self._process = subprocess.Popen([self._program, "-c", self._config], stderr=log)
        wait_for(
            lambda: answers(self.port) or self._process.poll() is not None,
            "mosquitto listens",
            30.0,
        )
        assert self._process.poll() is None, self._log()

    def _log(self):
        with open(os.path.join(self._folder, "mosquitto.log"), encoding="utf-8") as file:
            return file.read()

    def set_password(self, user, password):
        """Have it know this user alone, once it has been started again."""
        users = os.path.join(self._folder, "users")
        command = [program("mosquitto_passwd"), "-b", "-c", users, user, password]
        subprocess.run(command, check=True, timeout=30)

    def allow(self, access):
        """Change the lines of its ACL file while it runs."""
        self._allow(access)
        self._process.send_signal(signal.SIGHUP)

    def _allow(self, access):
        with open(os.path.join(self._folder, "acl"), "w", encoding="utf-8") as file:
            file.write("".join(line + "\n" for line in access))

    def freeze(self):
        """Have it do nothing, with its connections open, until `thaw`."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self._process.send_signal(signal.SIGCONT)

    def stop(self):
        self._end(signal.SIGTERM)

    def kill(self):
        self._end(signal.SIGKILL)

    def _end(self, number):
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(10.0)
            self._process = None


class Subscriber:
    """A client with a persistent session that keeps all messages it gets."""

    def __init__(self, port, topic="labeld/#", name="test-subscriber", version=paho.MQTTv311):
        self.messages = []
        self._subscribed = threading.Event()
        self._client = new_client(name, clean_session=False, version=version)
        self._client.on_connect = lambda *_: self._client.subscribe(topic, qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = lambda _client, _data, message: self.messages.append(message)
        self._client.reconnect_delay_set(0.1, 0.5)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._subscribed.wait(10.0)

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic, payload):
        self._client.publish(topic, payload, qos=1)

    def told(self):
        """Return (topic, payload) of each message so far, in order."""
        return [(message.topic, message.payload) for message in list(self.messages)]

    def payloads(self, level):
        """Return the payloads (bytes) of the messages whose topic ends in `level`, in order."""
        return [m.payload for m in list(self.messages) if m.topic.endswith("/" + level)]

    def events(self, level):
        return [json.loads(payload.decode("utf-8")) for payload in self.payloads(level)]


class Labeld:
    """The `labeld run` command on a configuration of its own."""

    def __init__(self, folder, begin=Forked, **settings):
        """Write its configuration; `begin`: Forked, or `started` for a benchmark."""
        self._folder = str(folder)
        self._begin = begin
        self.drop = os.path.join(self._folder, "drop")
        self.http_port = free_port()
        self.config = os.path.join(self._folder, "labeld.yaml")
        self._log = os.path.join(self._folder, "labeld.log")
        self._process = None
        os.makedirs(self.drop, exist_ok=True)
        self._settings = {
            "device": "bench",
            "decide": {"threshold": 0},
            "sources": [{"name": "drop", "kind": "folder", "path": self.drop}],
            "http": {"port": self.http_port},
            "outbox": {"path": os.path.join(self._folder, "outbox.db")},
        }
        self.configure(**settings)

    def configure(self, **settings):
        """Write the configuration anew, with these sections changed.

        TensorFlow runs its bundle unless something else is asked for: what is the fastest would
        have to be tried first.
        """
        self._settings.update(settings)
        self._settings["model"] = dict({"runtime": "tensorflow"}, **self._settings.get("model", {}))
        with open(self.config, "w", encoding="utf-8") as file:
            yaml.safe_dump(self._settings, file)

    def start(self, **environment):
        arguments = ["run", "-c", self.config]
        self._process = self._begin("edge", arguments, self._log, self._folder, environment)

    def start_ready(self, **environment):
        self.start(**environment)
        wait_for(
            lambda: self.code() is not None or self.get("/readyz")[0] == 200, "labeld is ready"
        )
        assert self.code() is None, self.log()

    def code(self):
        """Return the exit code, or None while the process runs."""
        return self._process.poll()

    @property
    def pid(self):
        return self._process.pid

    def send(self, number):
        self._process.send_signal(number)

    def end(self, number=signal.SIGTERM):
        """Send a signal; return the exit code."""
        self.send(number)
        return self._process.wait(SECONDS)

    def reload(self):
        """Have it read its configuration again; return True if that is in force now."""
        before = self._reloads()
        self.send(signal.SIGHUP)
        wait_for(lambda: self.code() is not None or self._reloads() != before, "the reload ends")
        accepted, refused = self._reloads()
        assert accepted + refused == sum(before) + 1, self.log()
        return accepted > before[0]

    def _reloads(self):
        log = self.log()
        return log.count(self.config + " is in force, "), log.count("what was in force stays so")

    def kill(self):
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(10.0)

    def log(self):
        with open(self._log, encoding="utf-8") as file:
            return file.read()

    def get(self, path):
        """Return (status, body) of one of its pages; (0, "") where nobody answers."""
        return page("http://127.0.0.1:{}{}".format(self.http_port, path))

    def drop_file(self, name, data):
        """Put a file into the drop folder as a careful sender does: under another name first."""
        draft = os.path.join(self.drop, "." + name)
        with open(draft, "wb") as file:
            file.write(data)
        os.rename(draft, os.path.join(self.drop, name))

    def waiting(self):
        """Return the names of the pictures that lie in the drop folder."""
        return sorted(
            entry.name for entry in os.scandir(self.drop) if entry.is_file(follow_symlinks=False)
        )
