"""From a source's settings to the source, with all that it needs."""

from edge.config.settings import topic_level
from edge.sources.camera.camera import Camera
from edge.sources.folder.folder import Folder
from edge.sources.folder.in_flight import Claims
from edge.sources.mqtt import MqttPictures
from edge.sources.restarting import Lasting
from edge.sources.state import SourceState


class SourceFactory:
    """Makes the sources of one device, and cleans up after those that are no more."""

    def __init__(self, config, metrics, statuses):
        """Make nothing yet.

        Args:
            config: the Config, for the device and its broker.
            metrics: the Metrics.
            statuses: the Statuses, which each source's state is told through.
        """
        self._config = config
        self._metrics = metrics
        self._statuses = statuses
        self._claims = Claims()

    def make(self, settings):
        """Return the source for `settings`, not yet running."""
        self._metrics.add_source(settings.name)
        state = SourceState(settings.name, self._config.device, self._metrics, self._announce)
        return Lasting(settings.name, lambda: self._of_its_kind(settings, state), state)

    def forget(self, settings):
        """Have nobody take a source that has ended for one that is down."""
        self._metrics.remove_source(settings.name)
        self._announce(settings.name, b"")

    def _of_its_kind(self, settings, state):
        config = self._config
        if settings.kind == "camera":
            return Camera(settings, config.device, state, self._metrics)
        if settings.kind == "mqtt":
            return MqttPictures(
                settings, config.mqtt, config.device_topic, config.device, state, self._metrics
            )
        return Folder(settings, config.device, state, self._claims)

    def _announce(self, source, payload):
        self._statuses.set(
            "/".join((self._config.device_topic, topic_level(source), "status")), payload
        )
