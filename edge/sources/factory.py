"""From a source's settings to the source, with all that it needs."""

from typing import List

from edge.config.settings import CameraSettings, Config, MqttSourceSettings, SourceSettings
from edge.deliver.notes import Notes
from edge.deliver.statuses import Statuses
from edge.metrics import Metrics
from edge.sources.camera.camera import CameraSource
from edge.sources.camera.capture import Covering
from edge.sources.folder.folder import FolderSource
from edge.sources.folder.in_flight import InFlight
from edge.sources.mqtt import MqttSource
from edge.sources.restarting import RestartingSource
from edge.sources.source import Source
from edge.sources.state import SourceState


class SourceFactory:
    """Makes the sources of one device, and cleans up after those that are no more."""

    def __init__(
        self,
        config: Config,
        metrics: Metrics,
        statuses: Statuses,
        notes: Notes,
        covering: Covering,
    ) -> None:
        """Make nothing yet.

        Args:
            config: the Config, for the device and its broker.
            metrics: the Metrics.
            statuses: the Statuses, which each source's state is told through.
            notes: the Notes, where files that cannot be put away outlive a restart.
            covering: how small JPEGs of cameras may be decoded for the model that serves.
        """
        self._config = config
        self._metrics = metrics
        self._statuses = statuses
        self._covering = covering
        self._in_flight = InFlight(notes)

    @property
    def troubles(self) -> List[str]:
        """What cannot be done at present with the files of drop folders, a line each."""
        return self._in_flight.troubles

    def make(self, settings: SourceSettings) -> Source:
        """Return the source for `settings`, not yet running."""
        self._metrics.add_source(settings.name)
        state = SourceState(settings.name, self._config.device, self._metrics, self._announce)
        return RestartingSource(settings.name, lambda: self._of_its_kind(settings, state), state)

    def forget(self, name: str) -> None:
        """Have nobody take a source that has ended for one that is down."""
        self._metrics.remove_source(name)
        self._announce(name, b"")

    def _of_its_kind(self, settings: SourceSettings, state: SourceState) -> Source:
        if isinstance(settings, CameraSettings):
            return CameraSource(
                settings, self._config.device, state, self._metrics, covering=self._covering
            )
        if isinstance(settings, MqttSourceSettings):
            return MqttSource(settings, self._config, state, self._metrics)
        return FolderSource(settings, self._config.device, state, self._metrics, self._in_flight)

    def _announce(self, source: str, payload: bytes) -> None:
        self._statuses.set(self._config.topics.status(source), payload)
