"""The configuration file read again: put in force while the daemon serves, or refused whole."""

import gc
import logging
import threading
import time
from typing import Callable, List, Optional

from edge.classify import variant
from edge.classify.bundle import Bundle
from edge.classify.loaded import LoadedModel, load_best
from edge.classify.runtime import Runtime
from edge.config.load import load
from edge.config.settings import Config
from edge.daemon.service import Service
from edge.daemon.systemd import Notifier
from edge.errors import ConfigError, LabeldError
from edge.machine import memory
from edge.metrics import Metrics
from edge.worker import STEP_SECONDS

FIXED = ("device", "mqtt", "outbox", "http")
"""The sections that only a restart can change."""

_log = logging.getLogger(__name__)


class Reload:
    """Reads the file again when it is asked to; `step` is a Worker's."""

    def __init__(
        self,
        path: str,
        service: Service,
        runtime: Runtime,
        notifier: Notifier,
        metrics: Metrics,
        stop: threading.Event,
    ) -> None:
        """Make it.

        Args:
            path: the configuration file's.
            service: the Service.
            runtime: what loads bundles.
            notifier: the Notifier.
            metrics: the Metrics.
            stop: the event that ends the daemon: what is under way is then not put in force.
        """
        self._path = path
        self._service = service
        self._runtime = runtime
        self._notifier = notifier
        self._metrics = metrics
        self._stop = stop
        self._asked = threading.Event()
        self._swap = threading.Event()

    def ask(self) -> None:
        """Have the file read again, soon."""
        self._asked.set()

    def swap(self) -> None:
        """Have the bundle looked for again, soon: there is a better form of it."""
        self._swap.set()

    def step(self) -> bool:
        """Do what was asked, which may take as long as a bundle takes to load."""
        asked = self._asked.wait(STEP_SECONDS)
        if self._stop.is_set() or not (asked or self._swap.is_set()):
            return False
        self._swap.clear()
        started = time.monotonic()
        self._notifier.reloading()
        if asked:  # only what was seen is cleared: it may be asked for in this very moment
            self._asked.clear()
            _log.info("reading %s again", self._path)
        faults = self._change(lambda: load(self._path) if asked else self._service.config)
        gc.collect()  # a graph that is no longer served is part of reference cycles
        memory.give_back()
        if asked:
            self._metrics.reloaded(not faults)
        status = "serving {}".format(self._service.bundle.model)
        if faults:
            for fault in faults:
                _log.error("reload refused: %s", fault)
            _log.error("reload refused: what was in force stays so")
            status += "; the last reload was refused: " + faults[0]
        elif asked:
            _log.info("%s is in force, after %.1f s", self._path, time.monotonic() - started)
        if not self._stop.is_set():
            self._notifier.ready(status)
        return True

    def _change(self, read: Callable[[], Config]) -> List[str]:
        """Go over to the Config that `read` returns; return the faults, a text each, if refused."""
        try:
            config = read()
            model = self._prepare(config)
        except LabeldError as error:
            return str(error).splitlines()
        except Exception as error:  # the old configuration serves on, whatever the new one does
            _log.exception("reading the configuration again failed")
            return ["{}: {}".format(type(error).__name__, error)]
        if not self._stop.is_set():
            self._service.change(config, model, self._stop)
        return []

    def _prepare(self, config: Config) -> Optional[LoadedModel]:
        """Return the model to go over to; None where the present one will do."""
        now, serving = self._service.config, self._service.bundle
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
        choice = variant.choose(config.model, self._runtime)
        if config.batch == now.batch and _serves(choice.candidates[0], serving):
            return None
        _log.info("%s is to serve: %s", choice.candidates[0].form, choice.why)
        return load_best(
            choice.candidates,
            config.model,
            config.batch,
            self._runtime,
            on_bad=lambda bundle: variant.discard_kept(bundle, config.model.converted),
        )


def _serves(form: Bundle, serving: Bundle) -> bool:
    """Return True if what serves is this form of this content, wherever it lies."""
    return (form.content_hash, form.graph, form.form) == (
        serving.content_hash,
        serving.graph,
        serving.form,
    )
