"""A plain bundle converted to TF-TRT while it serves: `model.convert`."""

import logging
import os
import shutil
import sys
import time
from typing import NamedTuple, Optional, Set

from edge.classify import variant
from edge.classify.bundle import Bundle
from edge.classify.runtime import Runtime
from edge.daemon.reload import Reload
from edge.daemon.service import Service
from edge.machine.child import Child
from edge.metrics import Metrics

LIMIT_SECONDS = 3600.0
"""A conversion that takes longer is given up: one of InceptionV3 takes a TX2 some minutes."""

STOP_SECONDS = 2.0

NICENESS = "19"
"""The lowest priority: classifying goes first."""

KEPT = 3
"""So many conversions are kept, the newest: for going back to a former bundle or system."""

_log = logging.getLogger(__name__)


class _Conversion(NamedTuple):
    """One that is in progress; `place`: where it goes; `began`: monotonic seconds."""

    bundle: Bundle
    place: str
    child: Child
    began: float


class Converter:
    """Converts the bundle that serves plain, in a child process; `step` is part of a Worker's.

    Each bundle is tried once; what fails serves plain until labeld is started again.
    """

    def __init__(
        self,
        service: Service,
        reload: Reload,
        runtime: Runtime,
        metrics: Metrics,
    ) -> None:
        """Make it.

        Args:
            service: the Service.
            reload: the Reload, whose `swap` goes over to what has been converted.
            runtime: what is to run it.
            metrics: the Metrics.
        """
        self._service = service
        self._reload = reload
        self._runtime = runtime
        self._metrics = metrics
        self._closed = False
        self._tried: Set[str] = set()
        self._conversion: Optional[_Conversion] = None

    def step(self) -> None:
        """Begin what is to be converted, or look after what is in progress; do not wait."""
        if self._conversion is not None:
            self._look(self._conversion)
        elif self._wanted():
            self._begin()

    def close(self) -> None:
        """End what is in progress, of which nothing is kept, and begin nothing more."""
        self._closed = True
        if self._conversion is not None:
            self._end(self._conversion)

    def _wanted(self) -> bool:
        bundle = self._service.bundle
        return (
            not self._closed
            and self._service.config.model.convert
            and not bundle.conversion
            and bundle.content_hash not in self._tried
        )

    def _begin(self) -> None:
        bundle, settings = self._service.bundle, self._service.config
        self._tried.add(bundle.content_hash)
        place = variant.place(bundle, settings.model.converted, self._runtime)
        variant.discard(place)
        sizes = sorted({1, (settings.batch.max_size + 1) // 2, settings.batch.max_size})
        command = ["nice", "-n", NICENESS, sys.executable, "-m", "export", "convert", bundle.path]
        command += ["--out", place, "--gpu-memory-mb", str(settings.model.gpu_memory_mb)]
        command += ["--batch-sizes", ",".join(str(size) for size in sizes)]
        _log.info("converting %s in the background, to %s", bundle.path, place)
        try:
            child = Child("labeld-export convert", command, stop_seconds=STOP_SECONDS)
        except OSError as error:
            self._give_up(bundle, str(error), 0.0)
            return
        self._metrics.converting.set(1)
        self._conversion = _Conversion(bundle, place, child, time.monotonic())

    def _look(self, conversion: _Conversion) -> None:
        bundle, code = conversion.bundle, conversion.child.code()
        took = time.monotonic() - conversion.began
        served = self._service.config.model.convert and self._service.bundle == bundle
        if code is None and served and took < LIMIT_SECONDS:
            return
        self._end(conversion)
        if code == 0:
            _log.info("%s was converted in %.0f s", bundle.path, took)
            _keep_the_newest(os.path.dirname(os.path.dirname(conversion.place)))
            self._reload.swap()
        elif not served:
            _log.info("%s is no longer to be converted", bundle.path)
        elif code is None:
            self._give_up(bundle, "it took too long", took)
        else:
            self._give_up(bundle, "exit code {}, see above".format(code), took)

    def _end(self, conversion: _Conversion) -> None:
        conversion.child.stop()
        self._conversion = None
        self._metrics.converting.set(0)
        if not os.path.exists(conversion.place):
            variant.discard(conversion.place)

    def _give_up(self, bundle: Bundle, how: str, took: float) -> None:
        _log.error(
            "%s could not be converted (%s, after %.0f s): its plain graph serves; it is tried "
            "again when labeld is started again, or set model.convert: false",
            bundle.path,
            how,
            took,
        )


def _keep_the_newest(folder: str) -> None:
    paths = [entry.path for entry in os.scandir(folder) if entry.is_dir()]
    for path in sorted(paths, key=os.path.getmtime)[:-KEPT]:
        shutil.rmtree(path, ignore_errors=True)
