"""The stages and the threads between them: frames in, scores out."""

import queue
import threading
import time
from collections import deque, namedtuple
from functools import partial

import numpy as np

from edge.errors import PictureError
from edge.events import frame_id
from edge.metrics import CLASSIFY, DECODE, PREPROCESS, WAIT
from edge.preprocess import decode, preprocess_into
from edge.validity import FROZEN
from edge.worker import STEP_SECONDS, Worker

Picture = namedtuple("Picture", "frame identity ready status")
Picture.__doc__ = """A frame whose row is filled.

frame: the Frame; identity: its event's id; ready: when its row was filled, monotonic seconds;
status: its source's, as its judge has it.
"""


class Pipeline:
    """Runs frames from sources through decoding, batching and the graph to a desk.

    A desk takes what comes out: `labelled(picture, scores)`, `failed(frame, identity, reason)`,
    `unchanged(frame)` and `gone(frame)` return False while it has no room, and are then called
    again.
    """

    def __init__(self, sources, slots, classifier, desk, metrics, decoders, on_failure):
        """Wire the stages; nothing runs before `start`.

        Args:
            sources: objects with `name` and `frames(stop)`, a generator of Frame or None.
            slots: the Slots that hold the batches.
            classifier: uint8[n, 299, 299, 3] -> float32[n, classes].
            desk: see above.
            metrics: the Metrics.
            decoders: how many threads decode.
            on_failure: called with a Worker whose step has raised.
        """
        self._frames = queue.Queue(maxsize=2 * decoders)
        self._pumps = [Pump(source, self._frames) for source in sources]
        self._stages = [
            [Worker("source " + pump.name, pump.step, on_failure) for pump in self._pumps],
            [
                Worker(
                    "decode-{}".format(number),
                    Decoder(self._frames, slots, desk, metrics).step,
                    on_failure,
                )
                for number in range(decoders)
            ],
            [Worker("classify", Batcher(slots, classifier, desk, metrics).step, on_failure)],
        ]

    @property
    def workers(self):
        return [worker for stage in self._stages for worker in stage]

    def start(self):
        for stage in reversed(self._stages):
            for worker in stage:
                worker.start()

    def stop(self, deadline):
        """End the sources, then let each stage finish what it was given, until `deadline`.

        Returns:
            The names of the workers that did not end.
        """
        for pump in self._pumps:
            pump.stop()
        return [worker.name for worker in self.workers if not worker.finish(deadline)]


class Pump:
    """Takes frames from a source and puts them where the decoders find them."""

    def __init__(self, source, frames):
        self.name = source.name
        self._out = frames
        self._stop = threading.Event()
        self._in = source.frames(self._stop)
        self._held = None
        self._ended = False

    def stop(self):
        self._stop.set()

    def step(self):
        """Pass one frame on; False if there is nothing to do.

        After `stop` there is, until the source has come to its end and put away what it holds.
        """
        if self._held is None:
            self._held = self._next()
        if self._held is None:
            return self._stop.is_set() and not self._ended
        try:
            self._out.put(self._held, timeout=STEP_SECONDS)
        except queue.Full:
            return True
        self._held = None
        return True

    def _next(self):
        try:
            return next(self._in)
        except StopIteration:
            self._ended = True
            self._stop.wait(STEP_SECONDS)
            return None


class Decoder:
    """Turns a frame into a filled row; one thread's worth."""

    def __init__(self, frames, slots, desk, metrics):
        self._frames = frames
        self._slots = slots
        self._desk = desk
        self._metrics = metrics
        self._hand_over = None

    def step(self):
        """Decode one frame, or try again to hand the last one over."""
        if self._hand_over is None:
            try:
                frame = self._frames.get(timeout=STEP_SECONDS)
            except queue.Empty:
                return False
            self._hand_over = self._decode(frame)
        if self._hand_over():
            self._hand_over = None
        return True

    def _decode(self, frame):
        """Return what hands the frame over: a function that returns False to be called again."""
        identity = frame_id(frame, b"")
        try:
            data = frame.read()
            if isinstance(data, np.ndarray):
                return partial(self._fill, frame, identity, data)
            identity = frame_id(frame, data)
            with self._metrics.time(DECODE):
                image = decode(data)
        except FileNotFoundError:
            return partial(self._desk.gone, frame)
        except (OSError, PictureError) as error:
            return partial(self._desk.failed, frame, identity, str(error))
        return partial(self._fill, frame, identity, image)

    def _fill(self, frame, identity, image):
        slot = self._slots.acquire(STEP_SECONDS)
        if slot is None:
            return False
        try:
            with self._metrics.time(PREPROCESS):
                preprocess_into(image, slot.row)
            status = frame.judge(slot.row)
        except BaseException:
            slot.cancel()
            raise
        if status == FROZEN:
            slot.cancel()
            return self._desk.unchanged(frame)
        slot.commit(Picture(frame, identity, time.monotonic(), status))
        return True


class Batcher:
    """Classifies the batches and hands the scores over, one picture at a time."""

    def __init__(self, slots, classifier, desk, metrics):
        self._slots = slots
        self._classifier = classifier
        self._desk = desk
        self._metrics = metrics
        self._results = deque()

    def step(self):
        """Classify one batch, or try again to hand the last one's scores over."""
        if not self._results:
            batch = self._slots.next_batch(STEP_SECONDS)
            if batch is None:
                return False
            self._classify(batch)
        while self._results and self._desk.labelled(*self._results[0]):
            self._results.popleft()
        return True

    def _classify(self, batch):
        if not batch.items:
            batch.release()
            return
        now = time.monotonic()
        for _, picture in batch.items:
            self._metrics.stage(WAIT, now - picture.ready)
        self._metrics.batch(len(batch.items))
        with self._metrics.time(CLASSIFY):
            scores = self._classifier(batch.rows)
        self._results.extend((picture, scores[number]) for number, picture in batch.items)
        batch.release()
