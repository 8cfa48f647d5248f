"""What several tests share."""

import pytest

from tests import servers, tiny


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory):
    """A Bundle that tells colours apart; made once, not to be changed."""
    return tiny.write_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


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
def labeld(tmp_path, broker, tiny_bundle):
    """A Labeld on the tiny bundle, not yet started."""
    mqtt = {"host": "127.0.0.1", "port": broker.port}
    daemon = servers.Labeld(tmp_path / "labeld", model={"bundle": tiny_bundle.path}, mqtt=mqtt)
    yield daemon
    daemon.kill()
