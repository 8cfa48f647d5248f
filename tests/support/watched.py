"""A camera being read, without a pipeline behind it."""

import json
import threading

import numpy as np
from prometheus_client import CollectorRegistry

from edge.backoff import Backoff
from edge.config.settings import CameraSettings
from edge.metrics import Metrics
from edge.prepare.preprocess import ROW, preprocess_into
from edge.sources.camera.camera import CameraSource
from edge.sources.camera.capture import in_full
from edge.sources.state import SourceState
from tests.support.servers import wait_for

TIMEOUT_S = 1.0


class Watched:
    """A camera being read: its frames and its statuses as they come."""

    def __init__(self, url, clear=True, keep=True, covering=in_full, **options):
        """Read `url`; `clear`: let go of each frame at once; `keep`: hold it for the test."""
        self.registry = CollectorRegistry()
        self.frames = []
        self.statuses = []
        self._clear = clear
        self._keep = keep
        facts = dict({"fps": 240, "timeout_s": TIMEOUT_S}, **options)
        settings = CameraSettings(name="aisle", kind="camera", url=url, **facts)
        metrics = Metrics(self.registry, ["aisle"])
        state = SourceState("aisle", "bench", metrics, self._announce)
        backoff = Backoff(0.001, 0.02)
        self.camera = CameraSource(settings, "bench", state, metrics, backoff, covering)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _announce(self, _, payload):
        self.statuses.append(json.loads(payload.decode("utf-8")))

    def _run(self):
        row = np.empty(ROW, np.uint8)
        for frame in self.camera.frames(self._stop):
            if frame is not None:
                preprocess_into(frame.read(), row)
                frame.judge(row)
                self.frames.append(frame if self._keep else None)
                if self._clear:
                    frame.release()

    def close(self):
        self._stop.set()
        if not self._clear and self.frames:
            self.frames[-1].release()  # what is under way would be waited for
        self._thread.join(10.0)
        assert not self._thread.is_alive()

    def ended(self):
        return not self._thread.is_alive()

    def up(self):
        return self.registry.get_sample_value("labeld_source_up", {"source": "aisle"})

    def count(self, outcome):
        labels = {"source": "aisle", "outcome": outcome}
        return self.registry.get_sample_value("labeld_frames_total", labels)

    def more(self, count=1):
        """Wait until so many more frames have come."""
        target = len(self.frames) + count
        wait_for(lambda: len(self.frames) >= target, "{} more frames".format(count))

    def stale(self, cause):
        """Wait until the status is stale for `cause`; return the whole reason."""
        wait_for(
            lambda: self.statuses and cause in (self.statuses[-1]["reason"] or ""),
            "stale for {!r}: {}".format(cause, self.statuses[-1:]),
        )
        assert self.statuses[-1]["status"] == "stale"
        return self.statuses[-1]["reason"]
