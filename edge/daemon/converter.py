"""A plain bundle converted to TF-TRT while it serves: `model.convert`."""

import logging
import os
import shutil
import sys
import time

from edge.classify import variant as choice
from edge.machine.child import Child

LIMIT_SECONDS = 3600.0
"""A conversion that takes longer is given up: one of InceptionV3 takes a TX2 some minutes."""

STOP_SECONDS = 2.0

NICENESS = "19"
"""The lowest priority: classifying goes first."""

KEPT = 3
"""So many conversions are kept, the newest: for going back to a former bundle or system."""

_log = logging.getLogger(__name__)


class Converter:
    """Converts the bundle that serves plain, in a child process; `step` is part of a Worker's.

    Each bundle is tried once; what fails serves plain until labeld is started again.
    """

    def __init__(self, service, reload, notifier, metrics):
        """Make it.

        Args:
            service: the Service.
            reload: the Reload, whose `swap` goes over to what has been converted.
            notifier: the Notifier.
            metrics: the Metrics.
        """
        self._service = service
        self._reload = reload
        self._notifier = notifier
        self._metrics = metrics
        self._closed = False
        self._tried = set()
        self._child = None
        self._bundle = None
        self._place = None
        self._began = None

    def step(self):
        """Begin what is to be converted, or look after what is under way."""
        if self._child is not None:
            self._look()
        elif self._wanted():
            self._begin()
        return False

    def close(self):
        """End what is under way, of which nothing is kept, and begin nothing more."""
        self._closed = True
        self._end()

    def _end(self):
        if self._child is None:
            return
        self._child.stop()
        self._child = None
        self._metrics.converting.set(0)
        if not os.path.exists(self._place):
            choice.discard(self._place)

    def _wanted(self):
        bundle = self._service.bundle
        return (
            not self._closed
            and self._service.config.model.convert
            and not bundle.conversion
            and bundle.content_hash not in self._tried
        )

    def _begin(self):
        model, batch = self._service.config.model, self._service.config.batch
        self._bundle = self._service.bundle
        self._tried.add(self._bundle.content_hash)
        self._place = choice.place(self._bundle, model.converted)
        choice.discard(self._place)
        sizes = sorted({1, (batch.max_size + 1) // 2, batch.max_size})
        command = [sys.executable, "-m", "export", "convert", self._bundle.path]
        command += ["--out", self._place, "--gpu-memory-mb", str(model.gpu_memory_mb)]
        command += ["--batch-sizes", ",".join(str(size) for size in sizes)]
        _log.info("converting %s in the background, to %s", self._bundle.path, self._place)
        self._notifier.status("serving {}, and converting it".format(self._bundle.model))
        self._metrics.converting.set(1)
        self._began = time.monotonic()
        try:
            self._child = Child(
                "labeld-export convert",
                ["nice", "-n", NICENESS] + command,
                stop_seconds=STOP_SECONDS,
            )
        except OSError as error:
            self._metrics.converting.set(0)
            self._give_up(str(error), 0.0)

    def _look(self):
        code, took = self._child.code(), time.monotonic() - self._began
        served = self._service.config.model.convert and self._service.bundle == self._bundle
        if code is None and served and took < LIMIT_SECONDS:
            return
        self._end()
        if code == 0:
            _log.info("%s was converted in %.0f s", self._bundle.path, took)
            _keep_the_newest(os.path.dirname(os.path.dirname(self._place)))
            self._reload.swap()
        elif not served:
            _log.info("%s is no longer to be converted", self._bundle.path)
        elif code is None:
            self._give_up("it took too long", took)
        else:
            self._give_up("exit code {}, see above".format(code), took)

    def _give_up(self, how, took):
        _log.error(
            "%s could not be converted (%s, after %.0f s): its plain graph serves; it is tried "
            "again when labeld is started again, or set model.convert: false",
            self._bundle.path,
            how,
            took,
        )
        self._notifier.status("serving {}, which could not be converted".format(self._bundle.model))


def _keep_the_newest(folder):
    paths = [entry.path for entry in os.scandir(folder) if entry.is_dir()]
    for path in sorted(paths, key=os.path.getmtime)[:-KEPT]:
        shutil.rmtree(path, ignore_errors=True)
