"""What several tests share."""

import os
import sys
import threading
from collections import namedtuple

import pytest

from edge.classify import bundle
from tests.support import cameras, commands, servers, stamps, tiny, watched, weights
from tests.support.browser import Browser

Trained = namedtuple("Trained", "bundle text errors photographs")
Trained.__doc__ = """bundle: the Bundle; text, errors: what the command printed;
photographs: {path: label} of what it was given."""


def pytest_configure(config):
    """Have a worker whose tests would run beside its main thread replaced by another.

    execnet 1.9, the last for Python 3.6, begins so now and then on a busy machine; signals are
    heard in the main thread alone.
    """
    is_worker = hasattr(config, "workerinput")
    if is_worker and threading.current_thread() is not threading.main_thread():
        os._exit(1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Have the tests that need the trained bundle share a process: it takes a minute to make."""
    for item in items:
        if "trained" in item.fixturenames:
            item.add_marker(pytest.mark.xdist_group("trained"))


def pytest_addoption(parser):
    parser.addoption("--rounds", type=int, default=30, help="of each of the promise's tests")


def pytest_terminal_summary(terminalreporter):
    """Print what tests have told."""
    reports = [report for found in terminalreporter.stats.values() for report in found]
    for report in reports:
        for name, text in getattr(report, "user_properties", ()):
            if name == "told" and report.when == "call":
                terminalreporter.write_line(text)


@pytest.fixture(scope="session")
def rounds(pytestconfig):
    """How often what may go wrong is tried."""
    return pytestconfig.getoption("rounds")


@pytest.fixture
def tell(request):
    """Return a function that has a line printed at the end, whether the test passes or not."""
    return lambda text: request.node.user_properties.append(("told", text))


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory):
    """A Bundle that tells colours apart; made once, not to be changed."""
    return tiny.write_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """What `labeld-export train` made of real photographs, from a real base; made once."""
    stamps.require()
    base = weights.require()
    folder = tmp_path_factory.mktemp("trained")
    data = folder / "photographs"
    photographs = stamps.write(data, count=24, served=False, seed=1)
    (data / "Cows" / "broken.jpg").write_bytes(b"no picture")
    path = folder / "stamps"
    options = "--head linear --augment 1 --keep-held-out --precision 0.9 --int8 never".split()
    code, text, errors = commands.labeld_export(
        "train", data, "--out", path, "--weights", base, *options
    )
    assert code == 0, errors
    return Trained(bundle.read(str(path)), text, errors, photographs)


@pytest.fixture
def few(tmp_path):
    """A folder of two classes with six pictures each."""
    tiny.file_pictures(tmp_path / "few", {label: [label] * 6 for label in ("red", "blue")})
    return tmp_path / "few"


@pytest.fixture
def broker(tmp_path):
    """A running Mosquitto."""
    folder = tmp_path / "broker"
    folder.mkdir()
    mosquitto = servers.Mosquitto(folder)
    mosquitto.start()
    yield mosquitto
    mosquitto.stop()


@pytest.fixture
def subscriber(broker):
    client = servers.Subscriber(broker.port)
    yield client
    client.close()


@pytest.fixture
def browser():
    """A real Browser."""
    if sys.version_info < (3, 10):
        pytest.skip("the browser's driver needs Python 3.10")
    made = Browser()
    yield made
    made.end()


@pytest.fixture
def labeld(tmp_path, broker, tiny_bundle):
    """A Labeld on the tiny bundle, not yet started."""
    mqtt = {"host": "127.0.0.1", "port": broker.port}
    daemon = servers.Labeld(tmp_path / "labeld", model={"bundle": tiny_bundle.path}, mqtt=mqtt)
    yield daemon
    daemon.kill()


@pytest.fixture
def door():
    """An HTTP camera that sees green."""
    server = cameras.MjpegServer([tiny.encode(tiny.picture("green & more"))])
    yield server
    server.close()


@pytest.fixture
def watch():
    """Return a function that makes a Watched and ends it after the test."""
    made = []

    def make(*args, **settings):
        made.append(watched.Watched(*args, **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()
