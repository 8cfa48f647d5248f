"""The stages between a source and the graph."""

import queue
from collections import namedtuple
from dataclasses import replace

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from edge import pipeline
from edge.batch.slots import Slots
from edge.classify.bundle import Bundle
from edge.classify.loaded import LoadedModel
from edge.classify.serving import Serving
from edge.errors import BundleError, NoMemoryError
from edge.frame import Frame
from edge.in_hand import InHand
from edge.metrics import Metrics
from edge.pipeline import Batcher
from edge.prepare import preprocess
from edge.prepare.admission import Admission
from edge.prepare.header import Header
from edge.sink import Sink
from edge.sources.feeder import Feeder
from tests.support import tiny


class Asked:
    """A source that is asked to stop while it looks for frames."""

    name = "asked"

    def __init__(self):
        self.open = None

    def frames(self, stop):
        self.open = True
        try:
            while not stop.is_set():
                stop.set()
                yield None
        finally:
            self.open = False


def test_a_source_that_is_stopped_puts_away_what_it_holds():
    source = Asked()
    feeder = Feeder(source, queue.Queue(1))
    assert feeder.step(), "there is a source to end"
    assert source.open
    assert not feeder.step()
    assert source.open is False


Shown = namedtuple("Shown", "number ready row")
Numbered = namedtuple("Numbered", "number ready frame identity")


class KeepingSink(Sink):
    """Keeps what it is handed."""

    def __init__(self):
        self.labelled_as, self.seen = [], []
        self.failures = []

    def labelled(self, prepared, scored, bundle):
        self.labelled_as.append((prepared.number, scored.scores))
        if isinstance(prepared, Shown):
            self.seen.append(int(prepared.row[0, 0, 0]))
        return True

    def failed(self, frame, identity, reason):
        self.failures.append((frame, identity, reason))
        return True


def run_all(batcher):
    """Have a Batcher do what there is to do."""
    while batcher.step():
        pass


class Overlapping(tiny.FunctionGraph):
    """A graph whose runs end when they are waited for."""

    overlaps = True

    def __init__(self):
        super().__init__(lambda rows: rows[:, 0, 0, 0].copy())
        self.under_way = self.most = 0

    def start(self, rows):
        self.under_way += 1
        self.most = max(self.most, self.under_way)

        def end():
            self.under_way -= 1
            return self.run(rows)

        return end


def test_a_graph_that_overlaps_has_another_batch_while_one_ends():
    slots, sink, graph = Slots(1, 0.0), KeepingSink(), Overlapping()
    serving = Serving(LoadedModel(None, graph, slots, {}, zero_copy=None))
    batcher = Batcher(serving, sink, Metrics(CollectorRegistry()), is_coming=lambda: False)
    for first in (0, 4):
        for number in range(first, first + 4):
            slot = slots.acquire(timeout=0.0)
            slot.row[...] = number
            slot.commit(Shown(number, 0.0, slot.row))
        run_all(batcher)
    assert graph.most == 2
    assert sink.seen == list(range(8))
    assert [number for number, _ in sink.labelled_as] == list(range(8))


def test_a_batch_goes_through_the_graph_by_the_runs_that_take_least():
    sizes = []

    def classify(rows):
        sizes.append(len(rows))
        return rows[:, 0, 0, 0].copy()

    seconds = {1: 0.01, 4: 0.03, 8: 0.06}
    slots = Slots(6, 60.0, batch_sizes=tuple(seconds))
    sink, registry = KeepingSink(), CollectorRegistry()
    graph = tiny.FunctionGraph(classify)
    serving = Serving(LoadedModel(None, graph, slots, seconds, zero_copy=None))
    batcher = Batcher(serving, sink, Metrics(registry), is_coming=lambda: True)
    for number in range(6):
        slot = slots.acquire(timeout=0.0)
        slot.row[...] = number
        slot.commit(Shown(number, 0.0, slot.row))
    run_all(batcher)
    assert sizes == [4, 1, 1]
    assert sink.labelled_as == [(number, np.uint8(number)) for number in range(6)]
    assert sink.seen[:4] == [0, 1, 2, 3], "a row is as it was when its scores are handed over"
    assert registry.get_sample_value("labeld_batch_size_sum") == 6
    assert registry.get_sample_value("labeld_batch_size_count") == 3


class Proved(LoadedModel):
    """A model whose golden samples are as it is told."""

    right = True

    def prove(self):
        if not self.right:
            raise BundleError("fruit", "golden sample apple differs")


def nan_batcher(sink, kind=Proved):
    """Return a Batcher with a batch of three, for the second of which there are no numbers."""

    def classify(rows):
        scores = np.stack([rows[:, 0, 0, 0], rows[:, 0, 0, 1]], axis=1).astype(np.float32)
        scores[rows[:, 0, 0, 0] == 1] = np.nan
        return scores

    slots = Slots(3, 60.0)
    bundle = Bundle("b", "fruit", ("apple", "pear"), "fp32", (), {}, {}, (), content_hash="3f9c1a")
    model = kind(bundle, tiny.FunctionGraph(classify), slots, {}, zero_copy=None)
    for number in range(3):
        slot = slots.acquire(timeout=0.0)
        slot.row[...] = number
        slot.commit(Numbered(number, 0.0, "frame-{}".format(number), "id-{}".format(number)))
    return Batcher(Serving(model), sink, Metrics(CollectorRegistry()), is_coming=lambda: True)


def test_a_picture_without_a_finite_score_is_a_failure_and_the_others_are_labelled():
    sink = KeepingSink()
    run_all(nan_batcher(sink))
    assert [number for number, _ in sink.labelled_as] == [0, 2]
    assert sink.failures == [
        ("frame-1", "id-1", "the model fruit-3f9c1a gives scores that are no numbers")
    ]


def test_a_graph_that_has_gone_wrong_ends_the_stage_and_nothing_is_handed_on():
    class Wrong(Proved):
        right = False

    sink = KeepingSink()
    with pytest.raises(BundleError):
        run_all(nan_batcher(sink, Wrong))
    assert sink.failures == []


def decoded(frame, monkeypatch, outcomes):
    """Have a Decoder meet a frame as often as there are outcomes of decoding; return its sink.

    Args:
        outcomes: what decoding raises, or None where it works, by turns.
    """
    turns = iter(outcomes)

    def decode(data, header, covering):
        fault = next(turns)
        if fault is not None:
            raise fault
        return tiny.picture("red")

    monkeypatch.setattr(pipeline, "decode", decode)
    sink, frames = KeepingSink(), queue.Queue()
    slots = Slots(1, 60.0)
    bundle = tiny.described("m", "3f9c1a")
    serving = Serving(LoadedModel(bundle, tiny.FunctionGraph(), slots, {}, zero_copy=None))
    metrics = Metrics(CollectorRegistry())
    decoder = pipeline.Decoder(frames, serving, sink, metrics, Admission(), InHand())
    for _ in outcomes:
        frames.put(frame)
        assert decoder.step()
    return sink, slots


def test_a_picture_decoded_for_a_former_model_is_decoded_again_for_the_present_one(monkeypatch):
    former = replace(tiny.described("m", "3f9c1a"), preprocessing=preprocess.FORMER)
    models = [
        LoadedModel(bundle, tiny.FunctionGraph(), Slots(1, 60.0), {}, zero_copy=None)
        for bundle in (former, tiny.described("m", "4a0d2b"))
    ]
    serving, told = Serving(models[0]), []

    def decode(data, header, covering):
        told.append(covering)
        if len(told) == 1:
            serving.take_over(models[1])
        return tiny.picture("red")

    monkeypatch.setattr(pipeline, "decode", decode)
    frames, admission = queue.Queue(), Admission(room_bytes=1)
    metrics = Metrics(CollectorRegistry())
    frames.put(frame_of(None))
    decoder = pipeline.Decoder(frames, serving, KeepingSink(), metrics, admission, InHand())
    assert decoder.step()
    assert told == [None, 299]
    assert models[1].slots.next_batch(0.0) is not None, "its row is filled"
    large = Header("PNG", 9, 9, 3)
    assert admission.enter(large, 0.0), "all room was given back"
    assert not admission.enter(large, 0.0)


@pytest.mark.parametrize("spec", preprocess.SPECS)
def test_a_picture_is_prepared_as_the_model_that_serves_has_learnt(spec):
    bundle = replace(tiny.described("m", "3f9c1a"), preprocessing=spec)
    slots, frames, sink = Slots(2, 60.0), queue.Queue(), KeepingSink()
    serving = Serving(LoadedModel(bundle, tiny.FunctionGraph(), slots, {}, zero_copy=None))
    picture = np.random.RandomState(0).randint(0, 256, (700, 800, 3), np.uint8)
    data = tiny.encode(picture, ".png")
    metrics = Metrics(CollectorRegistry())
    decoder = pipeline.Decoder(frames, serving, sink, metrics, Admission(), InHand())
    for read in (lambda: data, lambda: picture):  # as of a file, as of a camera
        frames.put(Frame("bench", "drop", "a", 0.0, 0.0, read))
        assert decoder.step()
    items = slots.next_batch(0.0).items
    assert len(items) == 2
    for _, prepared in items:
        assert np.array_equal(prepared.row, preprocess.load(data, spec))


def frame_of(postponed):
    data = tiny.encode(tiny.picture("red"), ".png")
    return Frame("bench", "drop", "a.png", 0.0, 0.0, lambda: data, postpone=postponed)


NO_MEMORY = NoMemoryError("there is not enough memory for its 160x120 pixels")


def test_a_picture_for_which_there_was_no_memory_comes_again(monkeypatch):
    postponed = []
    sink, slots = decoded(frame_of(postponed.append), monkeypatch, [NO_MEMORY, None])
    assert postponed == ["there is not enough memory for its 160x120 pixels"]
    assert sink.failures == []
    assert slots.next_batch(0.0) is not None, "its row is filled"


def test_a_picture_for_which_there_is_none_when_it_is_alone_is_set_aside(monkeypatch):
    postponed = []
    sink, _ = decoded(frame_of(postponed.append), monkeypatch, [NO_MEMORY, NO_MEMORY])
    assert len(postponed) == 1
    assert [reason for _, _, reason in sink.failures] == [str(NO_MEMORY)]


def test_a_picture_that_comes_only_once_is_not_postponed(monkeypatch):
    sink, _ = decoded(frame_of(None), monkeypatch, [NO_MEMORY])
    assert [reason for _, _, reason in sink.failures] == [str(NO_MEMORY)]
