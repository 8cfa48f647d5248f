"""The configuration as frozen dataclasses, one a section; `config/labeld.yaml` is its manual."""

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Tuple, Type, Union

from edge.config import fields
from edge.config.fields import AUTO, NO_PICTURE, PICTURES, Threshold
from edge.config.schema import build, flag, name, number, one_of, option, section, text
from edge.mqtt.broker import Broker, Tls
from edge.mqtt.topics import Topics, level


@dataclass(frozen=True)
class ModelSettings:
    bundle: str = option(text)
    gpu_memory_mb: int = option(number(256, 1 << 20, whole=True), 2048)
    fallback: str = option(one_of("none", "plain"), "none")
    convert: bool = option(flag, False)
    converted: str = option(text, "/var/lib/labeld/converted")
    runtime: str = option(one_of("auto", "openvino", "tensorflow"), "auto")
    precision: str = option(one_of("auto", "fp32", "bf16", "int8"), "auto")


@dataclass(frozen=True)
class BatchSettings:
    max_size: int = option(number(1, 256, whole=True), 8)
    max_delay_ms: float = option(number(0, 60000), 50)


@dataclass(frozen=True)
class PrepareSettings:
    max_megapixels: float = option(number(0.01, 1000), 100.0)


@dataclass(frozen=True)
class DecideSettings:
    threshold: Threshold = option(fields.threshold, AUTO)
    familiar: float = option(number(0, 1), 0.99)
    top: int = option(number(1, 1000, whole=True), 3)


@dataclass(frozen=True)
class KeepSettings:
    """Until when what was put away is kept, whichever comes first; None: no such bound."""

    days: Optional[float] = option(number(0.01, 36500), None)
    max_mb: Optional[float] = option(number(1, 1000000000), None)


@dataclass(frozen=True)
class FolderSettings:
    name: str = option(name)
    kind: str = option(one_of("folder"))
    path: str = option(text)
    after: str = option(one_of("archive", "delete"), "archive")
    watch: str = option(one_of("auto", "poll"), "auto")
    recursive: bool = option(flag, False)
    ignore: Tuple[str, ...] = option(fields.patterns, ())
    keep: KeepSettings = option(section(KeepSettings), KeepSettings())
    threshold: Optional[Threshold] = option(fields.threshold, None)
    publish_picture: str = option(one_of(*PICTURES), NO_PICTURE)


@dataclass(frozen=True)
class HoldSettings:
    """When another label counts as a change: either suffices; with neither, at once."""

    results: Optional[int] = option(number(1, 1000, whole=True), None)
    seconds: Optional[float] = option(number(0, 3600), None)


@dataclass(frozen=True)
class ValiditySettings:
    frozen_s: float = option(number(0, 86400), 30)
    frozen_difference: float = option(number(0, 255), 0.1)
    dark: float = option(number(0, 255), 16)
    bright: float = option(number(0, 255), 239)
    blurred: float = option(number(0, 1000000), 5)
    after_s: float = option(number(0, 3600), 2)


@dataclass(frozen=True)
class CameraSettings:
    name: str = option(name)
    kind: str = option(one_of("camera"))
    url: str = option(fields.camera_url)
    """Its passwords are never shown: `edge.masking`."""
    fps: float = option(number(0.001, 240), 2)
    timeout_s: float = option(number(0.1, 600), 10)
    transport: str = option(one_of("tcp", "udp"), "tcp")
    loop: bool = option(flag, False)
    roi: Optional[Tuple[int, int, int, int]] = option(fields.roi, None)
    rotate: int = option(one_of(0, 90, 180, 270), 0)
    threshold: Optional[Threshold] = option(fields.threshold, None)
    publish_picture: str = option(one_of(*PICTURES), NO_PICTURE)
    publish: str = option(one_of("every", "change"), "every")
    hold: HoldSettings = option(section(HoldSettings), HoldSettings())
    heartbeat_s: Optional[float] = option(number(0.1, 86400), None)
    validity: ValiditySettings = option(section(ValiditySettings), ValiditySettings())


@dataclass(frozen=True)
class MqttSourceSettings:
    name: str = option(name)
    kind: str = option(one_of("mqtt"))
    topic: str = option(fields.topic_filter)
    share: Optional[str] = option(fields.share_name, None)
    max_bytes: int = option(number(1, 100 * 1024 * 1024, whole=True), 16 * 1024 * 1024)
    threshold: Optional[Threshold] = option(fields.threshold, None)
    publish_picture: str = option(one_of(*PICTURES), NO_PICTURE)


SourceSettings = Union[FolderSettings, CameraSettings, MqttSourceSettings]

SOURCES: Dict[str, Type[SourceSettings]] = {
    "folder": FolderSettings,
    "camera": CameraSettings,
    "mqtt": MqttSourceSettings,
}
"""What a source may be, by its `kind`."""


@dataclass(frozen=True)
class TlsSettings:
    ca: Optional[str] = option(text, None)
    cert: Optional[str] = option(text, None)
    key: Optional[str] = option(text, None)


@dataclass(frozen=True)
class MqttSettings:
    host: str = option(fields.host, "127.0.0.1")
    port: int = option(number(1, 65535, whole=True), 1883)
    username: Optional[str] = option(text, None)
    password_file: Optional[str] = option(text, None)
    tls: Optional[TlsSettings] = option(section(TlsSettings), None)
    topic_prefix: str = option(fields.topic, "labeld")
    qos: int = option(one_of(1, 2), 1)
    discovery: str = option(one_of("none", "homeassistant"), "none")
    discovery_prefix: str = option(fields.topic, "homeassistant")
    password: Optional[str] = field(default=None, repr=False)
    """The content of `password_file`, read when the configuration is loaded."""

    @property
    def broker(self) -> Broker:
        """The Broker that this describes."""
        tls = None if self.tls is None else Tls(self.tls.ca, self.tls.cert, self.tls.key)
        return Broker(self.host, self.port, self.username, self.password, tls)


@dataclass(frozen=True)
class OutboxSettings:
    path: str = option(text, "/var/lib/labeld/outbox.db")
    """Beside it, in `path`.in_hand, stands what is being decoded."""
    max_age_hours: float = option(number(0, 87600), 72)
    max_messages: int = option(number(1, 10000000, whole=True), 100000)
    max_mb: float = option(number(1, 1000000), 256)
    replay_per_second: float = option(number(0.1, 100000), 500)


@dataclass(frozen=True)
class HttpTlsSettings:
    cert: str = option(text)
    key: str = option(text)


@dataclass(frozen=True)
class HttpSettings:
    address: str = option(text, "127.0.0.1")
    port: int = option(number(0, 65535, whole=True), 9109)
    tls: Optional[HttpTlsSettings] = option(section(HttpTlsSettings), None)
    username: str = option(text, "labeld")
    password_file: Optional[str] = option(text, None)
    max_connections: int = option(number(1, 1000, whole=True), 32)
    timeout_s: float = option(number(1, 3600), 30)
    pictures: bool = option(flag, False)
    password: Optional[str] = field(default=None, repr=False)
    """The content of `password_file`, read when the configuration is loaded."""


def _sources(value: Any, place: str, faults: List[str]) -> Tuple[SourceSettings, ...]:
    if not isinstance(value, list) or not value:
        faults.append("{}: {!r} is not a list of at least one source".format(place, value))
        return ()
    found = tuple(
        _source(entry, "{}[{}]".format(place, number), faults) for number, entry in enumerate(value)
    )
    _distinct(found, place, faults)
    return found


def _source(value: Any, place: str, faults: List[str]) -> SourceSettings:
    kind = value.get("kind") if isinstance(value, dict) else "folder"
    if isinstance(kind, str) and kind in SOURCES:
        return build(SOURCES[kind], value, place, faults)
    if "kind" not in value:
        faults.append("{}.kind: missing; one of {}".format(place, ", ".join(SOURCES)))
    else:
        one_of(*SOURCES)(kind, place + ".kind", faults)
    return FolderSettings()


def _distinct(sources: Tuple[SourceSettings, ...], place: str, faults: List[str]) -> None:
    """Two sources must not share a topic, nor a folder's files."""
    keys: Dict[str, Callable[[str], str]] = {"name": level, "path": str}
    for what, key in keys.items():
        owners: Dict[str, int] = {}
        for index, source in enumerate(sources):
            value = getattr(source, what, None)
            if not isinstance(value, str):
                continue
            first = owners.setdefault(key(value), index)
            if first != index:
                faults.append(
                    "{0}[{1}].{2}: {3!r} is also that of {0}[{4}]; each source needs its "
                    "own".format(place, index, what, value, first)
                )


@dataclass(frozen=True)
class Config:
    """All settings; nothing reads a file or the environment for one after they are loaded."""

    model: ModelSettings = option(section(ModelSettings))
    sources: Tuple[SourceSettings, ...] = option(_sources)
    device: str = option(name, "")
    """Its name in topics and events: the host name where the file gives none."""
    prepare: PrepareSettings = option(section(PrepareSettings), PrepareSettings())
    batch: BatchSettings = option(section(BatchSettings), BatchSettings())
    decide: DecideSettings = option(section(DecideSettings), DecideSettings())
    mqtt: MqttSettings = option(section(MqttSettings), MqttSettings())
    outbox: OutboxSettings = option(section(OutboxSettings), OutboxSettings())
    http: HttpSettings = option(section(HttpSettings), HttpSettings())

    @property
    def topics(self) -> Topics:
        """The Topics of the device."""
        return Topics(self.mqtt.topic_prefix, self.device)
