"""A camera, or a video file as if it were one.

A slow model makes its labels rarer, never older: at most one picture of it is under way.
"""

import threading
from functools import partial

from edge.backoff import Backoff
from edge.decide.news import Changes, Policy
from edge.frame import Frame
from edge.prepare.validity import Validity
from edge.sources.camera.handoff import Mailbox
from edge.sources.camera.reader import Reader

WAIT_SECONDS = 0.2
JOIN_SECONDS = 1.0

FINISH_SECONDS = 5.0
"""A camera that is to end waits at most so long for its last label to be in the outbox."""

BACKOFF_SECONDS = (0.5, 30.0)

HANG_SECONDS = 5.0
"""A call that lasts so much longer than its timeout is one that nothing can interrupt."""


class Camera:
    """The source for one camera."""

    def __init__(self, settings, device, state, metrics, backoff=None):
        """Make the source; nothing is opened before `frames` runs.

        Args:
            settings: a CameraSource of the configuration.
            device: the device's name.
            state: its SourceState.
            metrics: the Metrics.
            backoff: the Backoff between tries; None: BACKOFF_SECONDS.
        """
        self.name = settings.name
        self._settings = settings
        self._device = device
        self._state = state
        self._metrics = metrics
        self._policy = policy_of(settings)
        self._validity = Validity(settings.validity)
        self._backoff = backoff or Backoff(*BACKOFF_SECONDS)

    def leave(self, successor):
        """Nothing is to be done: `frames` waits for what is under way in any case."""

    def frames(self, stop):
        """Yield a Frame for each picture taken, or None about every WAIT_SECONDS.

        Until `stop` is set, or a file that is not to be played again has ended. A call to the
        camera that hangs holds nothing else up: its thread is then left behind, and ends with the
        process.
        """
        mailbox = Mailbox()
        reader = Reader(self._settings, self._state, self._metrics, self._backoff, mailbox, stop)
        thread = threading.Thread(target=reader.run, name="camera " + self.name, daemon=True)
        thread.start()
        while not stop.is_set():
            alive = thread.is_alive()
            shot = mailbox.take(WAIT_SECONDS)
            if shot is None and not alive:
                break
            yield None if shot is None else self._frame(shot, mailbox)
            self._notice_a_hang(reader)
        mailbox.close(FINISH_SECONDS)
        thread.join(JOIN_SECONDS)
        if reader.failure is not None:
            raise reader.failure

    def _frame(self, shot, mailbox):
        return Frame(
            device=self._device,
            source=self.name,
            image="frame-{}".format(shot.number),
            captured_at=shot.captured_at,
            seen=shot.seen,
            read=lambda: shot.image,
            taken=mailbox.clear,
            judge=partial(self._judge, shot.seen),
            policy=self._policy,
        )

    def _judge(self, seen, row):
        status = self._validity.judge(row, seen)
        self._state.seen(status, self._validity.reason(status), seen)
        return status

    def _notice_a_hang(self, reader):
        limit = self._settings.timeout_s + HANG_SECONDS
        if reader.call_seconds() > limit:
            reader.stale("a call to it hangs, for more than {:g} s".format(limit))


def policy_of(settings):
    """Return the Policy of a CameraSource, with nothing known yet."""
    changes = None
    if settings.publish == "change":
        hold = settings.hold
        changes = Changes(hold.results, hold.seconds, settings.heartbeat_s)
    return Policy(settings.threshold, retain=True, changes=changes)
