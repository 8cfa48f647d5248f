"""What holds for each test of this folder."""

import sys

import pytest
from hypothesis import settings

settings.register_profile("labeld", deadline=None, database=None)
settings.load_profile("labeld")


@pytest.fixture(autouse=True)
def no_tensorflow(monkeypatch):
    """Have what would load TensorFlow fail: these are the tests of seconds."""
    monkeypatch.setitem(sys.modules, "tensorflow", None)
