"""What takes long to import and is the same for every daemon: for `forked`."""

import edge.daemon.daemon  # noqa: F401
from edge.classify.tensorflow import tensorflow

tensorflow()
