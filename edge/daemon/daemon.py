"""The daemon: wiring, signals, the heartbeat, the order of stopping, the exit code."""

import logging
import signal
import threading
import time

from prometheus_client import CollectorRegistry

from edge.classify import loaded as engines
from edge.classify import variant as choice
from edge.config import settings as configs
from edge.daemon.converter import Converter
from edge.daemon.heartbeat import Heartbeat
from edge.daemon.http import HttpServer
from edge.daemon.reload import Reload
from edge.daemon.service import Service
from edge.daemon.signals import Signals
from edge.daemon.systemd import Notifier
from edge.deliver.outbox import Outbox
from edge.deliver.publisher import Publisher
from edge.deliver.statuses import Statuses
from edge.errors import Exit
from edge.machine.device import Device
from edge.machine.device_metrics import DeviceCollector
from edge.metrics import Metrics
from edge.worker import Worker

STOP_SECONDS = 20.0
"""A stop takes at most so long: what is not delivered by then stays in its drop folder."""

HEARTBEAT_SECONDS = 1.0
FAREWELL_SECONDS = 2.0

RELOAD_SECONDS = 1.0
"""A reload that does not end so soon is loading a bundle, which will not be put in force."""

_log = logging.getLogger(__name__)


def run(path, environment):
    """Serve until SIGTERM or SIGINT; read the configuration again at each SIGHUP.

    Args:
        path: the configuration file's.
        environment: the process environment, for systemd's variables.

    Returns:
        The Exit code.

    Raises:
        LabeldError: the daemon cannot start.
    """
    with Signals((signal.SIGTERM, signal.SIGINT, signal.SIGHUP)) as signals:
        return Daemon(path, configs.load(path), Notifier(environment), signals).serve()


class Daemon:
    """One configuration file being served."""

    def __init__(self, path, config, notifier, signals):
        self._path = path
        self._config = config
        self._notifier = notifier
        self._signals = signals
        self._stop = threading.Event()
        self._failed = threading.Event()
        self._heartbeat = Heartbeat(list, notifier)
        self._ready = False
        self._registry = CollectorRegistry()
        self._metrics = Metrics(self._registry, [source.name for source in config.sources])
        self._registry.register(DeviceCollector(Device()))

    def serve(self):
        """Start, serve until a signal or a failure, end in order; return the Exit code."""
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
        engine = engines.load_best(choice.choices(config.model), config.model, config.batch)
        outbox = Outbox(config.outbox.max_messages, metrics.outbox_messages)
        statuses = Statuses()
        publisher = Publisher(
            config.mqtt,
            3600 * config.outbox.max_age_hours or None,
            config.device_topic,
            outbox,
            statuses,
            metrics,
        )
        service = Service(config, engine, outbox, statuses, metrics, self._fail)
        del engine  # the service alone holds it, and lets it go for another one
        reload = Reload(self._path, service, self._notifier, metrics, self._stop)
        sender = Worker("publish", publisher.step, self._fail)
        converter = Converter(service, reload, self._notifier, metrics)
        changes = Worker("change", lambda: reload.step() or converter.step(), self._fail)
        self._heartbeat = Heartbeat(lambda: service.workers + [sender], self._notifier)
        sender.start()
        service.start(self._stop)
        self._attend(service, reload, changes)
        return self._end(service, changes, converter, sender, publisher)

    def _fail(self, _worker):
        self._failed.set()

    def _attend(self, service, reload, changes):
        """Say READY, then heed signals and feed the watchdog while every loop comes round."""
        self._ready = True
        interval = min(HEARTBEAT_SECONDS, (self._notifier.watchdog_seconds or 2.0) / 2)
        came = self._signals.wait(0)
        if not came - {signal.SIGHUP}:
            self._notifier.ready("serving {}".format(service.bundle.model))
            _log.info("ready")
        changes.start()
        while not came - {signal.SIGHUP} and not self._failed.is_set():
            if came:
                reload.ask()
            self._heartbeat.beat()
            came = self._signals.wait(interval)
        self._stop.set()

    def _stalled(self):
        return self._heartbeat.stalled()

    def _end(self, service, changes, converter, sender, publisher):
        """Stop in the street's order, under one deadline; return the Exit code."""
        self._ready = False
        self._notifier.stopping()
        deadline = time.monotonic() + STOP_SECONDS
        _log.info("stopping, within %.0f s", STOP_SECONDS)
        changes.finish(time.monotonic() + RELOAD_SECONDS)
        converter.close()
        late = service.stop(deadline - FAREWELL_SECONDS)
        if sender.finish(deadline - FAREWELL_SECONDS):
            publisher.close(deadline)
        else:
            late.append(sender.name)
        if not changes.finish(deadline):
            late.append(changes.name)
        for name in late:
            _log.error("%s did not end in time", name)
        if self._failed.is_set():
            return Exit.UNEXPECTED
        return Exit.OK
