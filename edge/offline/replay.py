"""A folder or a video through the street without broker and clock: the same events every time."""

import json
import os
import queue
import threading
import time
from dataclasses import replace
from functools import partial
from typing import Any, Dict, Iterator, List, Optional, Sequence, Type, TypeVar

from prometheus_client import CollectorRegistry

from edge import output
from edge.batch.slots import Slots
from edge.classify import variant
from edge.classify.loaded import LoadedModel, load_best
from edge.classify.runtimes import Runtimes
from edge.classify.serving import Serving
from edge.config.settings import CameraSettings, Config, FolderSettings
from edge.decide.news import Policy
from edge.deliver.message import Message
from edge.deliver.sides import OutboxWriter
from edge.deliver.sink import EventSink
from edge.errors import LabeldError, SourceError
from edge.frame import Frame, readable_name
from edge.metrics import Metrics
from edge.offline.files import read_file
from edge.pipeline import Pipeline
from edge.prepare.validity import Validity
from edge.sources.camera.camera import policy_of
from edge.sources.camera.opening import open_capture
from edge.sources.camera.pace import Schedule
from edge.sources.camera.view import turned
from edge.sources.folder.names import Names
from edge.worker import Worker

DEVICE = "replay"

DIGITS = 3
"""Of a score: two machines that do the same differ by less (6.2e-5 was measured)."""

LIMIT_SECONDS = 600.0
"""A stage that does nothing for so long has failed."""

MAX_DELAY_SECONDS = 1e6
"""A batch goes when it is full, or is the last."""


T = TypeVar("T", FolderSettings, CameraSettings)


def run(config: Config, path: str, out: str, source: Optional[str] = None) -> int:
    """Write the events of what is at `path` to the file `out`, a line of JSON each.

    An event is what subscribers would get, but that its device is DEVICE, that times count from
    1970 and in a video from its beginning, and that it has no `age_ms`, `runtime` and `precision`;
    scores have three digits.

    Args:
        config: the Config.
        path: a folder of pictures, or a video file.
        out: the file.
        source: the name of the source whose settings count; None: the first for such things.

    Returns:
        How many events there are.

    Raises:
        LabeldError: it cannot be read, `out` cannot be written, or a stage failed.
    """
    output.try_file(out)
    is_folder = os.path.isdir(path)
    if is_folder:
        folder = _first(FolderSettings, config, source)
        folder = folder or FolderSettings(name=DEVICE, kind="folder", path=path)
        name, frames = folder.name, _pictures(folder, path)
    else:
        camera = _first(CameraSettings, config, source)
        camera = camera or CameraSettings(name=DEVICE, kind="camera", url=path)
        name, frames = camera.name, _film(camera, path)
    collector = _EventCollector()
    failed: List[Worker] = []
    metrics = Metrics(CollectorRegistry(), [name])
    sink = EventSink(config.decide, config.topics, collector, metrics)
    pipeline = Pipeline(Serving(_model(config)), sink, metrics, 1, failed.append)
    pipeline.start()
    order: Dict[str, int] = {}
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
    events = sorted(collector.events, key=lambda event: order[event["image"]])
    with open(out, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
    return len(events)


def _first(kind: Type[T], config: Config, name: Optional[str]) -> Optional[T]:
    """Return the settings that count: the first source of a kind, or that of a name.

    Raises:
        LabeldError: there is none of that name.
    """
    for source in config.sources:
        if isinstance(source, kind) and name in (None, source.name):
            return source
    if name is not None:
        raise LabeldError("no source {!r} for such input in the configuration".format(name))
    return None


def _model(config: Config) -> LoadedModel:
    """Return the model that the daemon would serve, its batches the same every time."""
    runtime = Runtimes()
    candidates = variant.choose(config.model, runtime).candidates
    model = load_best(candidates, config.model, config.batch, runtime)
    slots = Slots(config.batch.max_size, MAX_DELAY_SECONDS, model.sizes)
    return model._replace(slots=slots, seconds={})


def _pictures(settings: FolderSettings, folder: str) -> Iterator[Frame]:
    """Yield a Frame for each file below `folder`, in the order of their names."""
    if not os.access(folder, os.R_OK):
        raise LabeldError("{}: it cannot be read".format(folder))
    taken = Names(settings.ignore)
    names = [
        os.path.relpath(os.path.join(found, name), folder)
        for found, _, files in os.walk(folder)
        for name in files
    ]
    paths = {os.path.join(folder, name): name for name in names if taken.takes(name)}
    for path in sorted(paths):
        yield _frame(
            settings.name,
            image=readable_name(paths[path]),
            seconds=0.0,
            read=partial(read_file, path),
            policy=Policy(settings.threshold),
        )


def _film(settings: CameraSettings, path: str) -> Iterator[Frame]:
    """Yield a Frame for each picture of a video that is due, as if it were a camera."""
    try:
        capture = open_capture(replace(settings, url=path))
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
                image = turned(capture.retrieve(settings.roi), settings.rotate)
                yield _frame(
                    settings.name,
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


def _frame(source: str, image: str, seconds: float, **facts: Any) -> Frame:
    return Frame(
        device=DEVICE,
        source=source,
        image=image,
        captured_at=seconds,
        arrived=seconds,
        **facts,
    )


def _put(frames: "queue.Queue[Frame]", frame: Frame, failed: Sequence[Worker]) -> None:
    """Wait for room for a frame.

    Raises:
        LabeldError: a stage has failed.
    """
    end = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < end:
        if failed:
            raise LabeldError(_why(failed))
        try:
            frames.put(frame, timeout=1.0)
            return
        except queue.Full:
            continue
    raise LabeldError("no picture was done in {:.0f} s".format(LIMIT_SECONDS))


def _why(failed: Sequence[Worker]) -> str:
    return "{} failed: {}".format(failed[0].name, failed[0].failure)


class _EventCollector(OutboxWriter):
    """In the place of the outbox: takes every message at once, and keeps its event."""

    def __init__(self) -> None:
        self.events: List[Dict[str, Any]] = []
        self._lock = threading.Lock()

    def put(self, message: Message, timeout: float) -> bool:
        event = json.loads(message.payload.decode("utf-8"))
        for fact in ("age_ms", "runtime", "precision"):
            event.pop(fact, None)
        if "score" in event:
            event["score"] = round(event["score"], DIGITS)
            for entry in event["top"]:
                entry["score"] = round(entry["score"], DIGITS)
        with self._lock:
            self.events.append(event)
        message.settle(message.reason)
        return True
