"""What several tests share."""

import pytest

from tests import tiny


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory):
    """A Bundle that tells colours apart; made once, not to be changed."""
    return tiny.write_bundle(tmp_path_factory.mktemp("bundles") / "tiny")
