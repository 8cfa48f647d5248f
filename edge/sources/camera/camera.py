"""A camera, or a video file as if it were one.

A slow model makes its labels rarer, never older: at most one picture of it is under way.
"""

import threading
from functools import partial
from typing import Iterator, Optional

import numpy as np

from edge.backoff import Backoff
from edge.config.settings import CameraSettings
from edge.decide.news import Changes, Policy
from edge.frame import Frame
from edge.machine.thread import named_thread
from edge.metrics import Metrics
from edge.prepare.validity import Validity
from edge.sources.camera.capture import Covering, in_full
from edge.sources.camera.handoff import CapturedImage, Handoff
from edge.sources.camera.reader import Reader
from edge.sources.source import Source
from edge.sources.state import SourceState
from edge.worker import STEP_SECONDS

JOIN_SECONDS = 1.0

FINISH_SECONDS = 5.0
"""A camera that is to end waits at most so long for its last label to be in the outbox."""

HANG_SECONDS = 5.0
"""A call that lasts so much longer than its timeout is one that nothing can interrupt."""


class CameraSource(Source):
    """The source for one camera."""

    def __init__(
        self,
        settings: CameraSettings,
        device: str,
        state: SourceState,
        metrics: Metrics,
        backoff: Optional[Backoff] = None,
        covering: Covering = in_full,
    ) -> None:
        """Make the source; nothing is opened before `frames` runs.

        Args:
            settings: its CameraSettings.
            device: the device's name.
            state: its SourceState.
            metrics: the Metrics.
            backoff: between tries; None: a Backoff.
            covering: see `edge.sources.camera.opening.open_capture`.
        """
        self.name = settings.name
        self._settings = settings
        self._device = device
        self._state = state
        self._metrics = metrics
        self._policy = policy_of(settings)
        self._validity = Validity(settings.validity)
        self._backoff = backoff or Backoff()
        self._covering = covering

    def frames(self, stop: threading.Event) -> Iterator[Optional[Frame]]:
        """Yield the pictures taken; end by itself after a file that is not to be played again.

        A call to the camera that hangs holds nothing else up: its thread is then left behind, and
        ends with the process.
        """
        handoff = Handoff()
        reader = Reader(
            self._settings,
            self._state,
            self._metrics,
            handoff,
            self._backoff,
            stop,
            self._covering,
        )
        thread = named_thread("camera " + self.name, reader.run)
        thread.start()
        while not stop.is_set():
            alive = thread.is_alive()
            image = handoff.take(STEP_SECONDS)
            if image is None and not alive:
                break
            yield None if image is None else self._frame(image, handoff)
            self._notice_a_hang(reader)
        handoff.close(FINISH_SECONDS)
        thread.join(JOIN_SECONDS)
        if reader.failure is not None:
            raise reader.failure

    def _frame(self, image: CapturedImage, handoff: Handoff) -> Frame:
        return Frame(
            device=self._device,
            source=self.name,
            image="frame-{}".format(image.number),
            captured_at=image.captured_at,
            arrived=image.arrived,
            read=lambda: image.image,
            release=handoff.clear,
            judge=partial(self._judge, image.arrived),
            policy=self._policy,
        )

    def _judge(self, arrived: float, row: np.ndarray) -> str:
        status = self._validity.judge(row, arrived)
        self._state.judged(status, self._validity.reason(status), arrived)
        return status

    def _notice_a_hang(self, reader: Reader) -> None:
        limit = self._settings.timeout_s + HANG_SECONDS
        if reader.call_seconds() > limit:
            reader.stale("a call to it hangs, for more than {:g} s".format(limit))


def policy_of(settings: CameraSettings) -> Policy:
    """Return the Policy of a camera, with nothing known yet."""
    changes = None
    if settings.publish == "change":
        hold = settings.hold
        changes = Changes(hold.results, hold.seconds, settings.heartbeat_s)
    return Policy(settings.threshold, True, changes, settings.publish_picture)
