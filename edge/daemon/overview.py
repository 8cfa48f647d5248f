"""What the page shows, as one object for JSON."""

import json
import os
import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

import simplejpeg
from prometheus_client import CollectorRegistry

from edge import __version__
from edge.board import Board
from edge.classify import contents
from edge.classify.bundle import REPORT, Bundle
from edge.config.settings import Config, SourceSettings
from edge.daemon.recent import Recent
from edge.daemon.sprite import CELL, COLUMNS, Numbered, Sprite
from edge.deliver.statuses import Statuses
from edge.machine.device import Device
from edge.prepare.validity import FROZEN
from edge.sources.state import STALE

QUALITY = 80
"""Of a picture's JPEG."""

REDRAW_SECONDS = 2.0

MOST_REPORT_BYTES = 8 << 20

_INSTRUMENTS = (
    "labeld_mqtt_connected",
    "labeld_outbox_messages",
    "labeld_outbox_bytes",
    "labeld_outbox_on_disk",
)

_FIGURES = ("accuracy", "accuracy_interval", "macro_f1", "macro_f1_interval")


class Serves(NamedTuple):
    """What serves at present.

    Attributes:
        config: the Config in force.
        bundle: the Bundle.
        statuses: the Statuses.
    """

    config: Config
    bundle: Bundle
    statuses: Statuses


class _Drawn(NamedTuple):
    """All pictures in one, after how many states, and when."""

    states: int
    at: float
    jpeg: bytes


class Overview:
    """Reads the board, the instruments and the machine; the HTTP server's thread only."""

    def __init__(
        self,
        config: Config,
        board: Board,
        registry: CollectorRegistry,
        recent: Recent,
        serves: Callable[[], Optional[Serves]],
        troubles: Callable[[], Sequence[str]],
    ) -> None:
        """Make it.

        Args:
            config: what the daemon was started with.
            board: what was labelled.
            registry: of `edge.metrics`.
            recent: the warnings.
            serves: returns what serves; None while the model is being loaded.
            troubles: why it does not do all its work, a line each.
        """
        self._config = config
        self._board = board
        self._registry = registry
        self._recent = recent
        self._serves = serves
        self._troubles = troubles
        self._device = Device()
        self._sprite = Sprite()
        self._states = 0
        self._drawn: Optional[_Drawn] = None

    def state(self) -> Dict[str, Any]:
        """Return all that the page shows."""
        self._states += 1
        serves = self._serves()
        config = self._in_force(serves)
        sources = [self._source(one, config, serves) for one in config.sources]
        return {
            "device": config.device,
            "version": __version__,
            "troubles": list(self._troubles()),
            "sources": sources,
            "sprite": {
                "cell": CELL,
                "columns": COLUMNS,
                "version": sum(one["number"] for one in sources),
            },
            "model": None if serves is None else self._model(serves.bundle),
            "broker": self._broker(),
            "machine": self._machine(),
            "warnings": self._recent.shown(),
        }

    def picture(self, source: str) -> Optional[bytes]:
        """Return the last picture of a source as a JPEG; None: there is none to be shown."""
        _, row = self._board.picture(source)
        return None if row is None else simplejpeg.encode_jpeg(row, QUALITY, "RGB")

    def pictures(self) -> Optional[bytes]:
        """Return the last picture of every source in one, as `Sprite` has it; None: not shown.

        It is drawn once for all who were told one state, at the latest after REDRAW_SECONDS.
        """
        if not self._config.http.pictures:
            return None
        drawn, now = self._drawn, time.monotonic()
        if drawn is None or drawn.states != self._states or now - drawn.at >= REDRAW_SECONDS:
            names = [one.name for one in self._in_force(self._serves()).sources]
            pictures = [Numbered(name, *self._board.picture(name)) for name in names]
            drawn = self._drawn = _Drawn(self._states, now, self._sprite.drawn(pictures))
        return drawn.jpeg

    def report(self) -> Optional[bytes]:
        """Return the served bundle's report; None: it has none to be shown.

        It has pictures, so it is shown where pictures are.
        """
        serves = self._serves()
        if serves is None or not self._has_report(serves.bundle):
            return None
        return contents.read_file(os.path.join(serves.bundle.path, REPORT), MOST_REPORT_BYTES)

    def _in_force(self, serves: Optional[Serves]) -> Config:
        return self._config if serves is None else serves.config

    def _has_report(self, bundle: Bundle) -> bool:
        return self._config.http.pictures and os.path.isfile(os.path.join(bundle.path, REPORT))

    def _source(
        self, settings: SourceSettings, config: Config, serves: Optional[Serves]
    ) -> Dict[str, Any]:
        payload = b""
        if serves is not None:
            payload = serves.statuses.payload(config.topics.status(settings.name))
        said = json.loads(payload.decode("utf-8")) if payload else {}
        status, shown = said.get("status", "starting"), self._board.shown(settings.name)
        age = shown.age_seconds
        return {
            "name": settings.name,
            "kind": settings.kind,
            "status": status,
            "reason": said.get("reason"),
            "up": bool(said) and status not in (STALE, FROZEN),
            "label": shown.label,
            "score": None if shown.score is None else round(shown.score, 4),
            "image": shown.image,
            "age_s": None if age is None else round(age, 1),
            "minutes": list(shown.minutes),
            "ages": [round(age, 3) for age in shown.ages],
            "number": shown.number,
        }

    def _model(self, bundle: Bundle) -> Dict[str, Any]:
        said: Dict[str, Any] = {name: bundle.scores.get(name) for name in _FIGURES}
        return dict(
            said,
            name=bundle.model,
            form=bundle.form,
            classes=len(bundle.labels),
            report=self._has_report(bundle),
        )

    def _broker(self) -> Dict[str, Any]:
        found: Dict[str, float] = {}
        for family in self._registry.restricted_registry(list(_INSTRUMENTS)).collect():
            for sample in family.samples:
                found[sample.name] = sample.value
        return {
            "name": self._config.mqtt.broker.name,
            "connected": bool(found["labeld_mqtt_connected"]),
            "messages": int(found["labeld_outbox_messages"]),
            "bytes": int(found["labeld_outbox_bytes"]),
            "on_disk": bool(found["labeld_outbox_on_disk"]),
        }

    def _machine(self) -> List[Dict[str, str]]:
        """Return facts with names, as texts."""
        facts = []
        memory = self._device.memory()
        if memory is not None:
            said = "{:.1f} of {:.1f} GB".format(memory.available / 1e9, memory.total / 1e9)
            facts.append(("memory free", said))
        for zone, celsius in sorted(self._device.temperatures().items()):
            facts.append((zone, "{:.0f} °C".format(celsius)))
        for name, ratio in sorted(self._device.throttling().items()):
            if ratio:
                facts.append(("slowed down by heat", "{}: {:.0%}".format(name, ratio)))
        for rail, watts in sorted(self._device.power().items()):
            facts.append((rail, "{:.1f} W".format(watts)))
        return [{"name": name, "value": value} for name, value in facts]
