"""The configuration file read again: put in force while the daemon serves, or refused whole."""

import gc
import logging
import threading
import time

from edge import bundle as bundles
from edge import config as configs
from edge import engine as engines
from edge import memory
from edge.errors import ConfigError, LabeldError
from edge.worker import STEP_SECONDS

FIXED = ("device", "mqtt", "outbox", "http")
"""The sections that only a restart can change."""

_log = logging.getLogger(__name__)


class Reload:
    """Reads the file again when it is asked to; `step` is a Worker's."""

    def __init__(self, path, service, notifier, metrics, stop):
        """Make it.

        Args:
            path: the configuration file's.
            service: the Service.
            notifier: the Notifier.
            metrics: the Metrics.
            stop: the event that ends the daemon: what is under way is then not put in force.
        """
        self._path = path
        self._service = service
        self._notifier = notifier
        self._metrics = metrics
        self._stop = stop
        self._asked = threading.Event()

    def ask(self):
        """Have the file read again, soon."""
        self._asked.set()

    def step(self):
        """Do what was asked, which may take as long as a bundle takes to load."""
        if not self._asked.wait(STEP_SECONDS) or self._stop.is_set():
            return False
        self._asked.clear()
        started = time.monotonic()
        _log.info("reading %s again", self._path)
        self._notifier.reloading()
        faults = self._reload()
        gc.collect()  # a graph that is no longer served is part of reference cycles
        memory.give_back()
        self._metrics.reloaded(not faults)
        status = "serving {}".format(self._service.bundle.model)
        if faults:
            for fault in faults:
                _log.error("reload refused: %s", fault)
            _log.error("reload refused: what was in force stays so")
            status += "; the last reload was refused: " + faults[0]
        else:
            _log.info("%s is in force, after %.1f s", self._path, time.monotonic() - started)
        if not self._stop.is_set():
            self._notifier.ready(status)
        return True

    def _reload(self):
        """Put the file in force; return the faults, a text each, for which it is refused."""
        try:
            config, engine = self._prepare()
        except LabeldError as error:
            return str(error).splitlines()
        except Exception as error:  # the old configuration serves on, whatever the new one does
            _log.exception("reading the configuration again failed")
            return ["{}: {}".format(type(error).__name__, error)]
        if not self._stop.is_set():
            self._service.change(config, engine, self._stop)
        return []

    def _prepare(self):
        """Return (Config, Engine) to go over to; (Config, None) where the present one will do."""
        config, now = configs.load(self._path), self._service.config
        fixed = [name for name in FIXED if getattr(config, name) != getattr(now, name)]
        if config.model.gpu_memory_mb != now.model.gpu_memory_mb:
            fixed.append("model.gpu_memory_mb")
        if fixed:
            raise ConfigError(
                self._path,
                [
                    "{}: it has changed, and only a restart changes it".format(name)
                    for name in fixed
                ],
            )
        bundle = bundles.read(config.model.bundle)
        same = bundle.content_hash == self._service.bundle.content_hash
        if same and config.batch == now.batch:
            return config, None
        return config, engines.load(bundle, config.model, config.batch)
