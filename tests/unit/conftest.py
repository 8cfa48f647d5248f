"""What holds for each test of this folder."""

import shutil
import sys

import pytest
from hypothesis import settings

from tests.support import tiny

settings.register_profile("labeld", deadline=None, database=None)
settings.load_profile("labeld")


@pytest.fixture(autouse=True)
def no_tensorflow(monkeypatch):
    """Have what would load TensorFlow fail: these are the tests of seconds."""
    monkeypatch.setitem(sys.modules, "tensorflow", None)


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """A Bundle without a graph."""
    path = tmp_path_factory.mktemp("bundles") / "tiny"
    return tiny.write_bundle(path, save=tiny.save_nothing)


@pytest.fixture
def copy(written, tmp_path):
    """The path of a bundle that a test may spoil."""
    return shutil.copytree(written.path, str(tmp_path / "copy"))
