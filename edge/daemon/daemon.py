"""The daemon: signals, the heartbeat, the order of stopping, the exit code."""

import logging
import signal
import time
from typing import List, Mapping, Optional

from aiohttp import web
from prometheus_client import CollectorRegistry

from edge.board import Board
from edge.classify.runtimes import Runtimes
from edge.config.load import load
from edge.config.settings import Config
from edge.daemon.build import Parts, build
from edge.daemon.ending import Ending
from edge.daemon.heartbeat import Heartbeat
from edge.daemon.overview import Overview, Serves
from edge.daemon.recent import Recent
from edge.daemon.signals import Signals
from edge.daemon.summary import Summary
from edge.daemon.systemd import Notifier
from edge.errors import Exit
from edge.http.pages import View, pages
from edge.http.server import HttpServer
from edge.machine.device import Device
from edge.machine.device_metrics import DeviceCollector
from edge.metrics import Metrics

STOP_SECONDS = 20.0
"""A stop takes at most so long: what is not delivered by then stays in the outbox."""

HEARTBEAT_SECONDS = 1.0
FAREWELL_SECONDS = 2.0

RELOAD_SECONDS = 1.0
"""A reload that does not end so soon is loading a bundle, which will not be put in force."""

_log = logging.getLogger(__name__)


def run(path: str, environment: Mapping[str, str]) -> Exit:
    """Serve until SIGTERM or SIGINT; read the configuration again at each SIGHUP.

    Args:
        path: the configuration file's.
        environment: the process environment, for systemd's variables.

    Raises:
        LabeldError: the daemon cannot start.
    """
    with Signals((signal.SIGTERM, signal.SIGINT, signal.SIGHUP)) as signals:
        return Daemon(path, load(path), Notifier(environment), signals).serve()


class Daemon:
    """One configuration file being served."""

    def __init__(self, path: str, config: Config, notifier: Notifier, signals: Signals) -> None:
        """Start nothing yet.

        Args:
            path: the configuration file's.
            config: what it holds.
            notifier: the Notifier.
            signals: the Signals, being collected.
        """
        self._path = path
        self._config = config
        self._notifier = notifier
        self._signals = signals
        self._ending = Ending()
        self._heartbeat = Heartbeat(notifier)
        self._board = Board(config.http.pictures)
        self._parts: Optional[Parts] = None
        self._ready = False

    def serve(self) -> Exit:
        """Start, serve until a signal or a failure, end in order."""
        registry = CollectorRegistry()
        metrics = Metrics(registry, [source.name for source in self._config.sources])
        registry.register(DeviceCollector(Device()))
        recent = Recent()
        logging.getLogger().addHandler(recent)
        http = HttpServer(self._config.http, self._pages(registry, recent))
        _log.info("http: listening on port %s", http.port)
        try:
            return self._serve_model(metrics, Summary(registry))
        finally:
            http.close()
            logging.getLogger().removeHandler(recent)

    def _pages(self, registry: CollectorRegistry, recent: Recent) -> web.Application:
        overview = Overview(
            self._config, self._board, registry, recent, self._serves, self._not_ready
        )
        view = View(overview.state, overview.picture, overview.pictures, overview.report)
        return pages(self._config.http, registry, self._heartbeat.stalled, self._not_ready, view)

    def _serves(self) -> Optional[Serves]:
        if self._parts is None:
            return None
        service = self._parts.service
        return Serves(service.config, service.bundle, self._parts.statuses)

    def _serve_model(self, metrics: Metrics, summary: Summary) -> Exit:
        parts = self._parts = build(
            self._path,
            self._config,
            Runtimes(),
            self._notifier,
            metrics,
            self._ending,
            self._board,
        )
        self._heartbeat.watch(lambda: parts.workers)
        parts.keeping.start()
        parts.sending.start()
        parts.service.start(self._ending.stop)
        self._attend(parts, summary)
        return self._end(parts)

    def _not_ready(self) -> List[str]:
        if self._parts is None or not self._ready:
            return ["the model is being loaded"]
        return self._heartbeat.stalled() + self._parts.service.troubles

    def _attend(self, parts: Parts, summary: Summary) -> None:
        """Say READY, then heed signals and feed the watchdog while every loop comes round."""
        self._ready = True
        interval = min(HEARTBEAT_SECONDS, (self._notifier.watchdog_seconds or 2.0) / 2)
        came = self._signals.wait(0)
        if not came - {signal.SIGHUP}:
            self._notifier.ready("serving {}".format(parts.service.bundle.model))
            _log.info("ready")
        parts.changing.start()
        while not came - {signal.SIGHUP} and not self._ending.failed:
            if came:
                parts.reload.ask()
            self._heartbeat.beat(summary.line(parts.service.bundle.model))
            came = self._signals.wait(interval)
        self._ending.stop.set()

    def _end(self, parts: Parts) -> Exit:
        """Stop in the street's order, under one deadline."""
        self._ready = False
        self._notifier.stopping()
        deadline = time.monotonic() + STOP_SECONDS
        _log.info("stopping, within %.0f s", STOP_SECONDS)
        parts.changing.finish(time.monotonic() + RELOAD_SECONDS)
        parts.converter.close()
        late = parts.service.stop(deadline - FAREWELL_SECONDS)
        if parts.sending.finish(deadline - FAREWELL_SECONDS):
            parts.publisher.close(deadline)
            parts.wakeup.close()
        else:
            late.append(parts.sending.name)
        if parts.keeping.finish(deadline):
            parts.keeper.close()
        else:
            late.append(parts.keeping.name)
        if not parts.changing.finish(deadline):
            late.append(parts.changing.name)
        if not late:
            parts.in_hand.close()
        for name in late:
            _log.error("%s did not end in time", name)
        return self._ending.exit
