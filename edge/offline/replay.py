"""A folder or a video through the street without broker and clock: the same events every time."""

import json
import os
import queue
import threading
import time
from functools import partial

from prometheus_client import CollectorRegistry

from edge.batch.slots import Slots
from edge.classify import loaded as engines
from edge.classify import variant as choice
from edge.classify.loaded import Engines
from edge.config.settings import CameraSource, FolderSource
from edge.decide.news import Policy
from edge.deliver.sink import Desk
from edge.errors import LabeldError, SourceError
from edge.frame import Frame, readable_name
from edge.metrics import Metrics
from edge.pipeline import Pipeline
from edge.prepare.validity import Validity
from edge.sources.camera.camera import policy_of
from edge.sources.camera.capture import open_capture
from edge.sources.camera.pace import Schedule
from edge.sources.camera.view import view
from edge.sources.folder.folder import is_candidate

DEVICE = "replay"

DIGITS = 3
"""Of a score: two machines that do the same differ by less (6.2e-5 was measured)."""

LIMIT_SECONDS = 600.0
"""A stage that does nothing for so long has failed."""

MAX_DELAY_SECONDS = 1e6
"""A batch goes when it is full, or is the last."""


def run(config, path, out, source=None):
    """Write the events of what is at `path` to the file `out`, a line of JSON each.

    An event is what subscribers would get, but that its device is DEVICE, that times count from
    1970 and in a video from its beginning, and that it has no `age_ms`; scores have three digits.

    Args:
        config: the Config.
        path: a folder of pictures, or a video file.
        out: the file.
        source: the name of the source whose settings count; None: the first for such things.

    Returns:
        How many events there are.

    Raises:
        LabeldError: it cannot be read, or a stage failed.
    """
    is_folder = os.path.isdir(path)
    settings = _settings(config, FolderSource if is_folder else CameraSource, source, path)
    frames = _pictures(settings, path) if is_folder else _film(settings, path)
    engine = _engine(config)
    ledger = _Ledger()
    failed = []
    metrics = Metrics(CollectorRegistry(), [settings.name])
    pipeline = Pipeline(
        Engines(engine), Desk(config.decide, DEVICE, ledger, metrics), metrics, 1, failed.append
    )
    pipeline.start()
    order = {}
    try:
        for frame in frames:
            order[frame.image] = len(order)
            _put(pipeline.frames, frame, failed)
    finally:
        late = pipeline.stop(time.monotonic() + (0.0 if failed else LIMIT_SECONDS))
    if failed:
        raise LabeldError(_why(failed))
    if late:
        raise LabeldError("{} did not end".format(", ".join(late)))
    events = sorted(ledger.events, key=lambda event: order[event["image"]])
    with open(out, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
    return len(events)


def _settings(config, kind, name, path):
    """Return the source whose settings count, or one with all defaults if there is none."""
    for source in config.sources:
        if isinstance(source, kind) and name in (None, source.name):
            return source
    if name is not None:
        raise LabeldError("no source {!r} for such input in the configuration".format(name))
    if kind is FolderSource:
        return FolderSource(name=DEVICE, kind="folder", path=path)
    return CameraSource(name=DEVICE, kind="camera", url=path)


def _engine(config):
    """Return an Engine whose batches have the same pictures every time, however long it takes."""
    engine = engines.load(choice.choices(config.model)[0], config.model, config.batch)
    slots = Slots(config.batch.max_size, MAX_DELAY_SECONDS, engine.bundle.batch_sizes)
    return engine._replace(slots=slots, seconds={})


def _pictures(settings, folder):
    """Yield a Frame for each file below `folder`, in the order of their names."""
    if not os.access(folder, os.R_OK):
        raise LabeldError("{}: it cannot be read".format(folder))
    paths = [
        os.path.join(found, name)
        for found, _, names in os.walk(folder)
        for name in names
        if is_candidate(name)
    ]
    for path in sorted(paths):
        yield _frame(
            settings,
            image=readable_name(os.path.relpath(path, folder)),
            seconds=0.0,
            read=partial(_read, path),
            policy=Policy(settings.threshold, retain=False, changes=None),
        )


def _film(settings, path):
    """Yield a Frame for each picture of a video that is due, as if it were a camera."""
    try:
        capture = open_capture(path, settings.timeout_s)
    except SourceError as error:
        raise LabeldError("{}: {}".format(path, error))
    policy, validity = policy_of(settings), Validity(settings.validity)
    schedule, number = Schedule(settings.fps), 0
    try:
        while True:
            try:
                capture.grab()
            except EOFError:
                return
            seconds = capture.position or 0.0
            if schedule.due(seconds):
                number += 1
                image = view(capture.retrieve(), settings.roi, settings.rotate)
                yield _frame(
                    settings,
                    image="frame-{}".format(number),
                    seconds=seconds,
                    read=lambda image=image: image,
                    policy=policy,
                    judge=lambda row, seconds=seconds: validity.judge(row, seconds),
                )
    except SourceError as error:
        raise LabeldError("{}: {}".format(path, error))
    finally:
        capture.close()


def _frame(settings, image, seconds, read, **facts):
    return Frame(
        device=DEVICE,
        source=settings.name,
        image=image,
        captured_at=seconds,
        seen=seconds,
        read=read,
        **facts,
    )


def _read(path):
    with open(path, "rb") as file:
        return file.read()


def _put(frames, frame, failed):
    """Wait for room for a frame.

    Raises:
        LabeldError: a stage has failed.
    """
    end = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < end:
        if failed:
            raise LabeldError(_why(failed))
        try:
            return frames.put(frame, timeout=1.0)
        except queue.Full:
            continue
    raise LabeldError("no picture was done in {:.0f} s".format(LIMIT_SECONDS))


def _why(failed):
    return "{} failed: {}".format(failed[0].name, failed[0].failure)


class _Ledger:
    """In the place of the outbox: takes every message at once, and keeps its event."""

    def __init__(self):
        self.events = []
        self._lock = threading.Lock()

    def put(self, message, timeout):
        event = json.loads(message.payload.decode("utf-8"))
        event.pop("age_ms", None)
        if "score" in event:
            event["score"] = round(event["score"], DIGITS)
            for entry in event["top"]:
                entry["score"] = round(entry["score"], DIGITS)
        with self._lock:
            self.events.append(event)
        message.delivered()
        return True
