"""What the tests of the promise share: a broker that fails, and an account of what it has."""

import pytest

from tests.support.broker_proxy import BrokerProxy


@pytest.fixture
def proxy(broker):
    """The way to the broker, which keeps account."""
    between = BrokerProxy(broker.port)
    yield between
    between.close()
