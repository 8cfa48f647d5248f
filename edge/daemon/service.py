"""What serves a configuration, from the sources to the outbox, and can go over to another one."""

import threading
from typing import Callable, List, Optional, Sequence

from edge.board import Board
from edge.classify.bundle import Bundle
from edge.classify.loaded import LoadedModel
from edge.classify.serving import Serving
from edge.config.fields import NO_PICTURE
from edge.config.settings import Config, SourceSettings
from edge.deliver.homeassistant import Discovery
from edge.deliver.notes import Notes
from edge.deliver.pictures import Pictures
from edge.deliver.roster import Former, Roster
from edge.deliver.sides import OutboxWriter
from edge.deliver.sink import EventSink
from edge.deliver.statuses import Statuses
from edge.in_hand import InHand
from edge.machine.processor import cores
from edge.metrics import Metrics
from edge.mqtt.topics import level
from edge.pipeline import Pipeline
from edge.prepare.admission import Admission
from edge.sources.factory import SourceFactory
from edge.sources.supervisor import Supervisor
from edge.worker import STEP_SECONDS, Worker


class Service:
    """The sources, the pipeline and the sink of one daemon.

    Attributes:
        config: the Config that is in force.
    """

    def __init__(
        self,
        config: Config,
        model: LoadedModel,
        outbox: OutboxWriter,
        statuses: Statuses,
        metrics: Metrics,
        on_failure: Callable[[Worker], None],
        in_hand: InHand,
        notes: Optional[Notes] = None,
        pictures: Optional[Pictures] = None,
        board: Optional[Board] = None,
    ) -> None:
        """Wire it; nothing runs before `start`.

        Args:
            config: the Config.
            model: its bundle's, loaded.
            outbox: where events go.
            statuses: where statuses go.
            metrics: the Metrics.
            on_failure: called with a Worker whose step has raised.
            in_hand: where it is noted what is being decoded.
            notes: where it is noted what outlives the process: which sources there are, and which
                files cannot be put away; None: nowhere.
            pictures: where pictures wait for their events; None: none is published.
            board: told what is labelled; None: nobody looks.
        """
        self.config = config
        self._metrics = metrics
        self._serving = Serving(model)
        self._pictures, self._board = pictures, board
        self._sink = EventSink(config.decide, config.topics, outbox, metrics, pictures, board)
        self._admission = Admission(config.prepare.max_megapixels)
        decoders = cores()
        self._pipeline = Pipeline(
            self._serving, self._sink, metrics, decoders, on_failure, self._admission, in_hand
        )
        notes = notes or Notes()
        self._roster = Roster(notes)
        self._factory = SourceFactory(
            config, metrics, statuses, notes, lambda: self._serving.current.bundle.covering
        )
        self._supervisor = Supervisor(self._pipeline.frames, self._factory.make, on_failure)
        self._discovery = Discovery(config, statuses)

    @property
    def bundle(self) -> Bundle:
        """The Bundle that is served."""
        return self._serving.current.bundle

    @property
    def workers(self) -> List[Worker]:
        """The Workers that run."""
        return self._supervisor.workers + self._pipeline.workers

    @property
    def troubles(self) -> List[str]:
        """What keeps it from doing all its work, a line each."""
        return self._factory.troubles

    def start(self, stop: threading.Event) -> None:
        """Start all; `stop` is the event that ends waiting."""
        self._pipeline.start()
        self._show_model()
        formers = self._roster.formers
        self._run_sources(self.config.sources, stop)
        self._forget(formers, self.config.sources, stop)

    def change(self, config: Config, model: Optional[LoadedModel], stop: threading.Event) -> None:
        """Go over to another configuration, without disturbing what is the same in both.

        Args:
            config: the Config; its `device`, `mqtt`, `outbox` and `http` are the present ones.
            model: the one to go over to between two batches; None: the present one stays.
            stop: the event that ends waiting.
        """
        self._sink.change(config.decide)
        self._admission.max_megapixels = config.prepare.max_megapixels
        if model is not None:
            self._serving.take_over(model)
            self._show_model()
        self._run_sources(config.sources, stop)
        while not stop.is_set() and not self._serving.wait_for_one(STEP_SECONDS):
            pass
        self.config = config

    def stop(self, deadline: float) -> List[str]:
        """End the sources, then let each stage finish what it was given, until `deadline`.

        Returns:
            The names of the workers that did not end.
        """
        return self._supervisor.stop(deadline) + self._pipeline.stop(deadline)

    def _show_model(self) -> None:
        model = self._serving.current
        self._metrics.zero_copy.set(1 if model.zero_copy else 0)
        self._metrics.serving(model.bundle.model, model.bundle.precision, model.bundle.runtime)

    def _run_sources(self, sources: Sequence[SourceSettings], stop: threading.Event) -> None:
        self._discovery.announce(sources, self.bundle.model)
        ended = self._supervisor.change(sources, stop)
        self._forget([Former(one.name, one.kind) for one in ended], sources, stop)
        self._roster.note(sources)

    def _forget(
        self, formers: Sequence[Former], sources: Sequence[SourceSettings], stop: threading.Event
    ) -> None:
        """Have the broker retain nothing more of what was, unless it goes on as another."""
        heirs = {level(settings.name): settings for settings in sources}
        for former in formers:
            heir = heirs.get(level(former.name))
            if heir is None:
                self._factory.forget(former.name)
                if self._board is not None:
                    self._board.forget(former.name)
            if former.kind == "camera" and self._pictures is not None:
                if heir is None or heir.kind != "camera" or heir.publish_picture == NO_PICTURE:
                    self._pictures.forget(former.name)
            if former.kind == "camera" and (heir is None or heir.kind != "camera"):
                self._discovery.withdraw(former.name)
                self._take_back_label(former.name, stop)

    def _take_back_label(self, source: str, stop: threading.Event) -> None:
        """Only cameras' labels are retained."""
        while not self._sink.forget(source) and not stop.is_set():
            pass
