"""The stages and the threads between them: frames in, scores out."""

import queue
import time
from collections import deque
from functools import partial
from typing import Any, Callable, Deque, Iterator, List, Optional, Tuple

import cv2
import numpy as np

from edge.batch.batch import Batch, Items
from edge.classify.loaded import LoadedModel
from edge.classify.outputs import Outputs
from edge.classify.serving import Serving
from edge.errors import NoMemoryError, PictureError, is_of_the_machine
from edge.frame import Frame, Prepared, frame_id
from edge.in_hand import MOST_ENDS, InHand
from edge.machine.memory import keep_for_pictures
from edge.metrics import CLASSIFY, DECODE, PREPROCESS, WAIT, Metrics
from edge.prepare.admission import Admission
from edge.prepare.decoder import decode
from edge.prepare.header import Header
from edge.prepare.preprocess import preprocess_into, side_by_side
from edge.prepare.validity import FROZEN, LIVE
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
        admission: Optional[Admission] = None,
        in_hand: Optional[InHand] = None,
    ) -> None:
        """Wire the stages; nothing runs before `start`.

        Args:
            serving: the models.
            sink: where frames end.
            metrics: the Metrics.
            decoders: how many threads decode.
            on_failure: called with a Worker whose step has raised.
            admission: which pictures are decoded; None: an Admission.
            in_hand: where it is noted what is being decoded; None: an InHand without a file.
        """
        admission, in_hand = admission or Admission(), in_hand or InHand()
        self.frames: "queue.Queue[Frame]" = queue.Queue(maxsize=2 * decoders)
        self._decoders = [
            Decoder(self.frames, serving, sink, metrics, admission, in_hand)
            for _ in range(decoders)
        ]
        batcher = Batcher(serving, sink, metrics, self._is_coming)
        self._serving = serving
        self._decoding = [
            Worker("decode-{}".format(number), decoder.step, on_failure)
            for number, decoder in enumerate(self._decoders)
        ]
        self._classifying = Worker("classify", batcher.step, on_failure)

    @property
    def workers(self) -> List[Worker]:
        return [*self._decoding, self._classifying]

    def start(self) -> None:
        side_by_side()
        keep_for_pictures()
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

    def _is_coming(self) -> bool:
        """Return True if there are pictures that have no row yet."""
        return not self.frames.empty() or any(one.is_decoding for one in self._decoders)


PICTURE_FAULTS = (PictureError, MemoryError, OverflowError, ValueError, cv2.error)
"""What reading and decoding a picture's bytes raises by its own fault: the next one may be good."""

_ENDED_TWICE = (
    "labeld ended unexpectedly both times that it was being decoded: by a fault in a decoder, or "
    "for want of memory"
)

Step = Callable[[], bool]
"""A part of the work on a frame; returns False to be called again."""


class Decoder:
    """Turns a frame into a filled row; one thread's worth.

    Attributes:
        is_decoding: True while it has a frame that has not come to a row.
    """

    def __init__(
        self,
        frames: "queue.Queue[Frame]",
        serving: Serving,
        sink: Sink,
        metrics: Metrics,
        admission: Admission,
        in_hand: InHand,
    ) -> None:
        self._frames = frames
        self._serving = serving
        self._sink = sink
        self._metrics = metrics
        self._admission = admission
        self._in_hand = in_hand
        self._next: Optional[Step] = None
        self.is_decoding = False

    def step(self) -> bool:
        """Decode one frame, or try again to hand the last one over."""
        if self._next is None:
            try:
                frame = self._frames.get(timeout=STEP_SECONDS)
            except queue.Empty:
                return False
            self.is_decoding = True
            self._next = self._read(frame)
        if self._next():
            self._next = None
            self.is_decoding = False
        return True

    def _read(self, frame: Frame) -> Step:
        """Read a frame and return what comes next."""
        key = frame_id(frame, b"")
        if self._in_hand.ends(key) >= MOST_ENDS:
            return partial(self._sink.failed, frame, key, _ENDED_TWICE)
        try:
            data = frame.read()
        except FileNotFoundError:
            return partial(self._sink.gone, frame)
        except OSError as error:
            if frame.postpone is not None and is_of_the_machine(error):
                return partial(_postponed, frame, str(error))
            return partial(self._sink.failed, frame, key, _reason(error))
        except PICTURE_FAULTS as error:
            return self._refusal(frame, key, error)
        if isinstance(data, np.ndarray):
            return partial(self._fill, frame, key, data, None)
        identity = frame_id(frame, data)
        with self._in_hand.holding(key):
            header, fault = _tried(lambda: self._admission.header(data))
        if fault is not None:
            return self._refusal(frame, identity, fault)
        return partial(self._decode, frame, identity, data, header)

    def _decode(self, frame: Frame, identity: str, data: bytes, header: Header) -> bool:
        """Decode a file once there is room for it, and go on with what comes next."""
        if not self._admission.enter(header, STEP_SECONDS):
            return False
        key, covering = frame_id(frame, b""), self._serving.current.bundle.covering
        with self._in_hand.holding(key), self._metrics.time(DECODE):
            image, fault = _tried(lambda: decode(data, header, covering))
        if fault is not None:
            self._admission.leave(header)
            return self._go_on(self._refusal(frame, identity, fault))
        self._in_hand.forget(key)
        return self._go_on(
            partial(self._fill_of_file, frame, identity, image, data, header, covering)
        )

    def _fill_of_file(
        self,
        frame: Frame,
        identity: str,
        image: np.ndarray,
        data: bytes,
        header: Header,
        covering: Optional[int],
    ) -> bool:
        """Fill a row, or decode again where another model has taken over that wants it so."""
        if self._serving.current.bundle.covering != covering:
            self._admission.leave(header)
            return self._go_on(partial(self._decode, frame, identity, data, header))
        return self._fill(frame, identity, image, header)

    def _fill(
        self, frame: Frame, identity: str, image: np.ndarray, header: Optional[Header]
    ) -> bool:
        """Fill a row; `header`: whose room is given back then, or None."""
        model = self._serving.current
        slot = model.slots.acquire(STEP_SECONDS)
        if slot is None:
            return False
        try:
            with self._metrics.time(PREPROCESS):
                spec = model.bundle.preprocessing
                _, fault = _tried(lambda: preprocess_into(image, slot.row, spec))
            if header is not None:
                self._admission.leave(header)
            status = frame.judge(slot.row) if fault is None else LIVE
        except BaseException:
            slot.cancel()
            raise
        if fault is not None:
            slot.cancel()
            return self._go_on(self._refusal(frame, identity, fault))
        if status == FROZEN:
            slot.cancel()
            return self._sink.unchanged(frame)
        self.is_decoding = False
        slot.commit(Prepared(frame, identity, time.monotonic(), status, slot.row))
        return True

    def _refusal(self, frame: Frame, identity: str, fault: Exception) -> Step:
        """Return what becomes of a picture that cannot be classified.

        One for which there was no memory comes again, and is decoded alone then.
        """
        key = frame_id(frame, b"")
        is_of_memory = isinstance(fault, (MemoryError, NoMemoryError))
        if is_of_memory and frame.postpone is not None and not self._in_hand.ends(key):
            self._in_hand.note_end(key)
            return partial(_postponed, frame, _reason(fault))
        self._in_hand.forget(key)
        return partial(self._sink.failed, frame, identity, _reason(fault))

    def _go_on(self, step: Step) -> bool:
        self._next = step
        return step()


def _tried(work: Callable[[], Any]) -> Tuple[Any, Optional[Exception]]:
    """Return (what work on a picture yields, None), or (None, why it cannot be done)."""
    try:
        return work(), None
    except PICTURE_FAULTS as error:
        return None, error


def _postponed(frame: Frame, reason: str) -> bool:
    assert frame.postpone is not None
    frame.postpone(reason)
    return True


def _reason(error: BaseException) -> str:
    return str(error) or "it could not be decoded: {}".format(type(error).__name__)


MOST_RUNNING = 2
"""Batches in a graph that overlaps: while one ends and is handed over, it has another."""

Run = Tuple[np.ndarray, Items]
"""Rows for the graph, and whose they are."""


class Batcher:
    """Classifies the batches and hands the scores over, one picture at a time."""

    def __init__(
        self, serving: Serving, sink: Sink, metrics: Metrics, is_coming: Callable[[], bool]
    ) -> None:
        self._serving = serving
        self._sink = sink
        self._metrics = metrics
        self._is_coming = is_coming
        self._running: Deque[Callable[[], None]] = deque()
        self._results: Deque[Step] = deque()

    def step(self) -> bool:
        """Begin to classify a batch, or end it, or try again to hand the last one's scores over."""
        if not self._results:
            if self._begin():
                return True
            if not self._running:
                return self._serving.retire_drained()
            self._running.popleft()()
        while self._results and self._results[0]():
            self._results.popleft()
        return True

    def _begin(self) -> bool:
        """Have the graph begin with the next batch; return False if there is none, or no room."""
        model = self._serving.oldest
        if len(self._running) >= (MOST_RUNNING if model.graph.overlaps else 1):
            return False
        batch = model.slots.next_batch(0.0 if self._running else STEP_SECONDS, self._is_coming)
        if batch is None:
            return False
        now = time.monotonic()
        for _, prepared in batch.items:
            self._metrics.stage(WAIT, now - prepared.ready)
        return self._advance(model, batch, batch.runs(model.seconds))

    def _advance(self, model: LoadedModel, batch: Batch, runs: Iterator[Run]) -> bool:
        """Have the graph go on with a batch's next run, or release it: its rows were looked at."""
        for rows, items in runs:
            if items:
                self._metrics.batch(len(items))
                began, outputs = time.monotonic(), model.graph.start(rows)
                self._running.append(partial(self._end, model, batch, runs, items, began, outputs))
                return True
        batch.release()
        return True

    def _end(
        self,
        model: LoadedModel,
        batch: Batch,
        runs: Iterator[Run],
        items: Items,
        began: float,
        outputs: Callable[[], Outputs],
    ) -> None:
        """Wait for a run's outputs, to be handed over before there is another of its batch."""
        found = outputs()
        self._metrics.stage(CLASSIFY, time.monotonic() - began)
        self._results.extend(
            self._result(model, found, number, prepared) for number, prepared in items
        )
        self._results.append(partial(self._advance, model, batch, runs))

    def _result(
        self, model: LoadedModel, outputs: Outputs, number: int, prepared: Prepared
    ) -> Step:
        """Return what hands a row's scores over.

        Where they are no numbers, either the graph has gone wrong, which the golden samples show,
        or it can say nothing of this picture.
        """
        if outputs.is_finite(number):
            scored = outputs.of(number)
            return partial(self._sink.labelled, prepared, scored, model.bundle)
        model.prove()
        reason = "the model {} gives scores that are no numbers".format(model.bundle.model)
        return partial(self._sink.failed, prepared.frame, prepared.identity, reason)
