"""What serves a configuration, from the sources to the outbox, and can go over to another one."""

import os

from edge.classify.loaded import Engines
from edge.config.settings import topic_level
from edge.deliver.homeassistant import Discovery
from edge.deliver.sink import Desk
from edge.pipeline import Pipeline
from edge.sources.factory import SourceFactory
from edge.sources.supervisor import Roster


class Service:
    """The sources, the pipeline and the desk of one daemon.

    Attributes:
        config: the Config that is in force.
    """

    def __init__(self, config, engine, outbox, statuses, metrics, on_failure):
        """Wire it; nothing runs before `start`.

        Args:
            config: the Config.
            engine: the Engine for its bundle.
            outbox: the Outbox.
            statuses: the Statuses.
            metrics: the Metrics.
            on_failure: called with a Worker whose step has raised.
        """
        self.config = config
        self._metrics = metrics
        self._engines = Engines(engine)
        self._desk = Desk(config.decide, config.device_topic, outbox, metrics)
        self._pipeline = Pipeline(
            self._engines, self._desk, metrics, os.cpu_count() or 2, on_failure
        )
        self._factory = SourceFactory(config, metrics, statuses)
        self._roster = Roster(self._pipeline.frames, self._factory.make, on_failure)
        self._discovery = Discovery(config, statuses)

    @property
    def bundle(self):
        """The Bundle that is served."""
        return self._engines.current.bundle

    @property
    def workers(self):
        return self._roster.workers + self._pipeline.workers

    def start(self, stop):
        """Start all; `stop` is the event that ends waiting."""
        self._pipeline.start()
        self._show_engine()
        self._run_sources(self.config.sources, stop)

    def change(self, config, engine, stop):
        """Go over to another configuration, without disturbing what is the same in both.

        Args:
            config: the Config; its `device`, `mqtt`, `outbox` and `http` are the present ones.
            engine: the Engine to go over to between two batches; None: the present one stays.
            stop: the event that ends waiting.
        """
        self._desk.settings = config.decide
        if engine is not None:
            self._engines.take_over(engine)
            self._show_engine()
        self._run_sources(config.sources, stop)
        while not stop.is_set() and not self._engines.wait_for_one(timeout=0.2):
            pass
        self.config = config

    def stop(self, deadline):
        """End the sources, then let each stage finish what it was given, until `deadline`.

        Returns:
            The names of the workers that did not end.
        """
        return self._roster.stop(deadline) + self._pipeline.stop(deadline)

    def _show_engine(self):
        engine = self._engines.current
        self._metrics.zero_copy.set(1 if engine.zero_copy else 0)
        self._metrics.serving(engine.bundle)

    def _run_sources(self, sources, stop):
        self._discovery.announce(sources, self.bundle.model)
        heirs = {topic_level(settings.name): settings for settings in sources}
        for former in self._roster.change(sources, stop):
            heir = heirs.get(topic_level(former.name))
            if heir is None:
                self._factory.forget(former)
            if former.kind == "camera" and (heir is None or heir.kind != "camera"):
                self._take_back_label(former.name, stop)

    def _take_back_label(self, source, stop):
        """Only cameras' labels are retained."""
        while not self._desk.forget(source) and not stop.is_set():
            pass
