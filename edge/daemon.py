"""The daemon: wiring, signals, the heartbeat, the order of stopping, the exit code."""

import logging
import os
import signal
import threading
import time

from prometheus_client import CollectorRegistry

from edge import bundle as bundles
from edge import golden, homeassistant, memory
from edge.classifier import Classifier
from edge.config import topic_level
from edge.desk import Desk
from edge.errors import Exit
from edge.heartbeat import Heartbeat
from edge.http import HttpServer
from edge.metrics import Metrics
from edge.outbox import Outbox
from edge.pipeline import Pipeline
from edge.publisher import Publisher
from edge.slots import Slots
from edge.sources.camera import Camera
from edge.sources.folder import Folder
from edge.sources.mqtt import MqttPictures
from edge.sources.state import SourceState
from edge.statuses import Statuses
from edge.systemd import Notifier
from edge.worker import Worker

STOP_SECONDS = 20.0
"""A stop takes at most so long: what is not delivered by then stays in its drop folder."""

HEARTBEAT_SECONDS = 1.0
FAREWELL_SECONDS = 2.0

_log = logging.getLogger(__name__)


def run(config, environment):
    """Serve until SIGTERM or SIGINT.

    Args:
        config: the Config.
        environment: the process environment, for systemd's variables.

    Returns:
        The Exit code.

    Raises:
        LabeldError: the daemon cannot start.
    """
    daemon = Daemon(config, Notifier(environment))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: daemon.stop())
    return daemon.serve()


class Daemon:
    """One configuration being served."""

    def __init__(self, config, notifier):
        self._config = config
        self._notifier = notifier
        self._stop = threading.Event()
        self._failed = threading.Event()
        self._heartbeat = Heartbeat((), notifier)
        self._ready = False
        self._registry = CollectorRegistry()
        self._metrics = Metrics(self._registry, [source.name for source in config.sources])

    def stop(self):
        """Ask for an orderly end; may be called from a signal handler, at any time."""
        self._stop.set()

    def serve(self):
        """Start, serve until `stop` or a failure, end in order; return the Exit code."""
        http = HttpServer(
            self._config.http.address,
            self._config.http.port,
            self._registry,
            health=self._stalled,
            readiness=lambda: self._stalled() if self._ready else ["the model is being loaded"],
        )
        _log.info("http: listening on port %s", http.port)
        try:
            return self._serve_model()
        finally:
            http.close()

    def _serve_model(self):
        config, metrics = self._config, self._metrics
        bundle = bundles.read(config.model.bundle)
        slots = Slots(config.batch.max_size, config.batch.max_delay_ms / 1000, bundle.batch_sizes)
        classifier = self._prove(bundle, slots)
        outbox = Outbox(config.outbox.max_messages, metrics.outbox_messages)
        statuses = Statuses()
        self._announce_cameras(statuses, bundle)
        publisher = Publisher(
            config.mqtt,
            3600 * config.outbox.max_age_hours or None,
            config.device_topic,
            outbox,
            statuses,
            metrics,
        )
        pipeline = Pipeline(
            self._sources(statuses),
            slots,
            classifier,
            Desk(config.decide, config.device_topic, bundle, outbox, metrics),
            metrics,
            decoders=os.cpu_count() or 2,
            on_failure=lambda _: self._failed.set(),
        )
        sender = Worker("publish", publisher.step, lambda _: self._failed.set())
        self._heartbeat = Heartbeat(pipeline.workers + [sender], self._notifier)
        sender.start()
        pipeline.start()
        self._attend(bundle)
        return self._end(pipeline, sender, publisher)

    def _announce_cameras(self, statuses, bundle):
        config = self._config
        if config.mqtt.discovery != "homeassistant":
            return
        prefix = config.mqtt.discovery_prefix.strip("/")
        for source in config.sources:
            if source.kind == "camera":
                statuses.set(
                    *homeassistant.discovery(
                        prefix, config.device, config.device_topic, source.name, bundle.model
                    )
                )

    def _sources(self, statuses):
        config = self._config

        def announce(source, payload):
            topic = "/".join((config.device_topic, topic_level(source), "status"))
            statuses.set(topic, payload)

        def source(settings):
            state = SourceState(settings.name, config.device, self._metrics, announce)
            if settings.kind == "camera":
                return Camera(settings, config.device, state, self._metrics)
            if settings.kind == "mqtt":
                return MqttPictures(
                    settings, config.mqtt, config.device_topic, config.device, state, self._metrics
                )
            return Folder(settings, config.device, state)

        return [source(settings) for settings in config.sources]

    def _prove(self, bundle, slots):
        """Load the graph; show that it reads rows in place and reproduces the golden samples."""
        started = time.monotonic()
        classifier = Classifier(bundle, self._config.model.gpu_memory_mb)
        shared = all(classifier.shares_memory(buffer) for buffer in slots.buffers())
        self._metrics.zero_copy.set(1 if shared else 0)
        if not shared:
            _log.warning("rows are copied before the graph reads them: slower, not wrong")
        golden.warm_up(bundle, classifier, slots)
        off = golden.check(bundle, classifier, slots)
        memory.give_back()
        self._metrics.serving(bundle)
        _log.info(
            "model %s: %d classes, golden samples within %.1g, loaded in %.1f s, zero-copy: %s",
            bundle.model,
            len(bundle.labels),
            off,
            time.monotonic() - started,
            "yes" if shared else "no",
        )
        return classifier

    def _attend(self, bundle):
        """Say READY, then feed the watchdog while every loop comes round."""
        self._ready = True
        if not self._stop.is_set():
            self._notifier.ready("serving {}".format(bundle.model))
            _log.info("ready")
        interval = min(HEARTBEAT_SECONDS, (self._notifier.watchdog_seconds or 2.0) / 2)
        while not self._stop.wait(interval) and not self._failed.is_set():
            self._heartbeat.beat()

    def _stalled(self):
        return self._heartbeat.stalled()

    def _end(self, pipeline, sender, publisher):
        """Stop in the street's order, under one deadline; return the Exit code."""
        self._ready = False
        self._notifier.stopping()
        deadline = time.monotonic() + STOP_SECONDS
        _log.info("stopping, within %.0f s", STOP_SECONDS)
        late = pipeline.stop(deadline - FAREWELL_SECONDS)
        if sender.finish(deadline - FAREWELL_SECONDS):
            publisher.close(deadline)
        else:
            late.append(sender.name)
        for name in late:
            _log.error("%s did not end in time", name)
        if self._failed.is_set():
            return Exit.UNEXPECTED
        return Exit.OK
