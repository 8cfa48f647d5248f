"""What takes long to import and is the same for every daemon: for `forked`."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # as the daemon does before it imports it

import edge.daemon.daemon  # noqa: E402,F401
import tensorflow  # noqa: E402,F401
