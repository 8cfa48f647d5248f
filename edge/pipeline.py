"""The stages and the threads between them: frames in, scores out."""

import queue
import time
from collections import deque, namedtuple
from functools import partial

import numpy as np

from edge.errors import PictureError
from edge.frame import frame_id
from edge.metrics import CLASSIFY, DECODE, PREPROCESS, WAIT
from edge.prepare.preprocess import decode, preprocess_into
from edge.prepare.validity import FROZEN
from edge.worker import STEP_SECONDS, Worker

Picture = namedtuple("Picture", "frame identity ready status")
Picture.__doc__ = """A frame whose row is filled.

frame: the Frame; identity: its event's id; ready: when its row was filled, monotonic seconds;
status: its source's, as its judge has it.
"""


class Pipeline:
    """Runs frames through decoding, batching and the graph to a desk.

    A desk takes what comes out: `labelled(picture, scores, bundle)`,
    `failed(frame, identity, reason)`, `unchanged(frame)` and `gone(frame)` return False while it
    has no room, and are then called again.

    Attributes:
        frames: the queue of Frame that sources fill.
    """

    def __init__(self, engines, desk, metrics, decoders, on_failure):
        """Wire the stages; nothing runs before `start`.

        Args:
            engines: the Engines.
            desk: see above.
            metrics: the Metrics.
            decoders: how many threads decode.
            on_failure: called with a Worker whose step has raised.
        """
        self.frames = queue.Queue(maxsize=2 * decoders)
        decoding = [
            Worker(
                "decode-{}".format(number),
                Decoder(self.frames, engines, desk, metrics).step,
                on_failure,
            )
            for number in range(decoders)
        ]
        classifying = Worker("classify", Batcher(engines, desk, metrics).step, on_failure)
        self._engines = engines
        self._decoding = decoding
        self._classifying = classifying

    @property
    def workers(self):
        return [*self._decoding, self._classifying]

    def start(self):
        for worker in reversed(self.workers):
            worker.start()

    def stop(self, deadline):
        """Let each stage finish what it was given, until `deadline`; the sources have ended.

        Returns:
            The names of the workers that did not end.
        """
        late = [worker.name for worker in self._decoding if not worker.finish(deadline)]
        self._engines.current.slots.close()  # the last batch waits for no more pictures
        if not self._classifying.finish(deadline):
            late.append(self._classifying.name)
        return late


class Decoder:
    """Turns a frame into a filled row; one thread's worth."""

    def __init__(self, frames, engines, desk, metrics):
        self._frames = frames
        self._engines = engines
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
        slot = self._engines.current.slots.acquire(STEP_SECONDS)
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

    def __init__(self, engines, desk, metrics):
        self._engines = engines
        self._desk = desk
        self._metrics = metrics
        self._results = deque()

    def step(self):
        """Classify one batch, or try again to hand the last one's scores over."""
        if not self._results:
            engine = self._engines.oldest
            batch = engine.slots.next_batch(STEP_SECONDS)
            if batch is None:
                return self._engines.retire_drained()
            self._classify(engine, batch)
        while self._results and self._desk.labelled(*self._results[0]):
            self._results.popleft()
        return True

    def _classify(self, engine, batch):
        now = time.monotonic()
        for _, picture in batch.items:
            self._metrics.stage(WAIT, now - picture.ready)
        for rows, items in batch.runs(engine.seconds):
            if not items:
                continue
            self._metrics.batch(len(items))
            with self._metrics.time(CLASSIFY):
                scores = engine.classifier(rows)
            self._results.extend(
                (picture, scores[number], engine.bundle) for number, picture in items
            )
        batch.release()
