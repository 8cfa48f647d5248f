"""What a test needs and a machine may lack."""

import os

import pytest


def skip_or_fail(reason):
    """Skip the test, saying why; under CI=true, where everything is to be there, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
