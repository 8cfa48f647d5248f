"""The stages and the threads between them: frames in, scores out."""

import queue
import time
from collections import deque
from functools import partial
from typing import Callable, Deque, List, Optional, Tuple

import numpy as np

from edge.batch.batch import Batch
from edge.classify.bundle import Bundle
from edge.classify.loaded import LoadedModel
from edge.classify.outputs import Scored
from edge.classify.serving import Serving
from edge.errors import PictureError
from edge.frame import Frame, Prepared, frame_id
from edge.metrics import CLASSIFY, DECODE, PREPROCESS, WAIT, Metrics
from edge.prepare.preprocess import decode, preprocess_into
from edge.prepare.validity import FROZEN
from edge.sink import Sink
from edge.worker import STEP_SECONDS, Worker


class Pipeline:
    """Runs frames through decoding, batching and the graph to a Sink.

    Attributes:
        frames: the queue of Frame that sources fill.
    """

    def __init__(
        self,
        serving: Serving,
        sink: Sink,
        metrics: Metrics,
        decoders: int,
        on_failure: Callable[[Worker], None],
    ) -> None:
        """Wire the stages; nothing runs before `start`.

        Args:
            serving: the models.
            sink: where frames end.
            metrics: the Metrics.
            decoders: how many threads decode.
            on_failure: called with a Worker whose step has raised.
        """
        self.frames: "queue.Queue[Frame]" = queue.Queue(maxsize=2 * decoders)
        decoding = [
            Worker(
                "decode-{}".format(number),
                Decoder(self.frames, serving, sink, metrics).step,
                on_failure,
            )
            for number in range(decoders)
        ]
        classifying = Worker("classify", Batcher(serving, sink, metrics).step, on_failure)
        self._serving = serving
        self._decoding = decoding
        self._classifying = classifying

    @property
    def workers(self) -> List[Worker]:
        return [*self._decoding, self._classifying]

    def start(self) -> None:
        for worker in reversed(self.workers):
            worker.start()

    def stop(self, deadline: float) -> List[str]:
        """Let each stage finish what it was given, until `deadline`; the sources have ended.

        Returns:
            The names of the workers that did not end.
        """
        late = [worker.name for worker in self._decoding if not worker.finish(deadline)]
        self._serving.current.slots.close()  # the last batch waits for no more pictures
        if not self._classifying.finish(deadline):
            late.append(self._classifying.name)
        return late


class Decoder:
    """Turns a frame into a filled row; one thread's worth."""

    def __init__(
        self, frames: "queue.Queue[Frame]", serving: Serving, sink: Sink, metrics: Metrics
    ) -> None:
        self._frames = frames
        self._serving = serving
        self._sink = sink
        self._metrics = metrics
        self._hand_over: Optional[Callable[[], bool]] = None

    def step(self) -> bool:
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

    def _decode(self, frame: Frame) -> Callable[[], bool]:
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
            return partial(self._sink.gone, frame)
        except (OSError, PictureError) as error:
            return partial(self._sink.failed, frame, identity, str(error))
        return partial(self._fill, frame, identity, image)

    def _fill(self, frame: Frame, identity: str, image: np.ndarray) -> bool:
        slot = self._serving.current.slots.acquire(STEP_SECONDS)
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
            return self._sink.unchanged(frame)
        slot.commit(Prepared(frame, identity, time.monotonic(), status))
        return True


class Batcher:
    """Classifies the batches and hands the scores over, one picture at a time."""

    def __init__(self, serving: Serving, sink: Sink, metrics: Metrics) -> None:
        self._serving = serving
        self._sink = sink
        self._metrics = metrics
        self._results: Deque[Tuple[Prepared, Scored, Bundle]] = deque()

    def step(self) -> bool:
        """Classify one batch, or try again to hand the last one's scores over."""
        if not self._results:
            model = self._serving.oldest
            batch = model.slots.next_batch(STEP_SECONDS)
            if batch is None:
                return self._serving.retire_drained()
            self._classify(model, batch)
        while self._results and self._sink.labelled(*self._results[0]):
            self._results.popleft()
        return True

    def _classify(self, model: LoadedModel, batch: Batch) -> None:
        now = time.monotonic()
        for _, prepared in batch.items:
            self._metrics.stage(WAIT, now - prepared.ready)
        for rows, items in batch.runs(model.seconds):
            if not items:
                continue
            self._metrics.batch(len(items))
            with self._metrics.time(CLASSIFY):
                outputs = model.graph.run(rows)
            self._results.extend(
                (prepared, outputs.of(number), model.bundle) for number, prepared in items
            )
        batch.release()
