"""The configuration: labeld.yaml as frozen dataclasses. `config/labeld.yaml` is its manual."""

import os
import socket
from dataclasses import dataclass, field, replace
from typing import Optional

import yaml
from paho.mqtt.client import topic_matches_sub

from edge.config import shared as defaults
from edge.config.schema import build, choice, flag, number, option, section, text
from edge.errors import ConfigError

_TOPIC_SIGNS = "/+#"

STREAMS = ("rtsp", "rtsps", "http", "https")
"""The schemes of the addresses at which cameras are read."""


def _topic(value, place, faults):
    if not isinstance(value, str) or not value.strip("/") or set(value) & set("+#\0"):
        faults.append(
            "{}: {!r} cannot begin a topic: text without '+' and '#'".format(place, value)
        )
    return value


def _topic_filter(value, place, faults):
    levels = value.split("/") if isinstance(value, str) else [""]
    wild = [level for level in levels if set(level) & set("+#")]
    whole = all(level in "+#" for level in wild) and "#" not in levels[:-1]
    if not any(levels) or not whole or "\0" in value or value.startswith("$share/"):
        faults.append(
            "{}: {!r} is no topic filter: levels between '/', '+' for any one of them, a last '#' "
            "for all that follow; `share` adds $share".format(place, value)
        )
    return value


def _share(value, place, faults):
    if not isinstance(value, str) or not value or set(value) & set("/+#\0"):
        faults.append("{}: {!r} is no name without '/', '+' and '#'".format(place, value))
    return value


def _camera_url(value, place, faults):
    text(value, place, faults)
    scheme, separator, _ = str(value).partition("://")
    if separator and " " not in scheme and scheme not in STREAMS:
        faults.append(
            "{}: {!r} is none of {}; a device, a file or a GStreamer pipeline has no '://'".format(
                place, scheme + separator, ", ".join(STREAMS)
            )
        )
    return value


def _roi(value, place, faults):
    whole = isinstance(value, list) and all(type(part) is int and part >= 0 for part in value)
    if not whole or len(value) != 4 or 0 in value[2:]:
        faults.append(
            "{}: {!r} is not [x, y, width, height] in pixels of the picture".format(place, value)
        )
        return None
    return tuple(value)


@dataclass(frozen=True)
class Model:
    bundle: str = option(text)
    gpu_memory_mb: int = option(number(256, 1 << 20, whole=True), 2048)
    fallback: str = option(choice("none", "plain"), "none")
    convert: bool = option(flag, False)
    converted: str = option(text, "/var/lib/labeld/converted")


@dataclass(frozen=True)
class Batch:
    max_size: int = option(number(1, 256, whole=True), 8)
    max_delay_ms: float = option(number(0, 60000), 50)


@dataclass(frozen=True)
class Decide:
    threshold: float = option(number(0, 1), 0.5)
    top: int = option(number(1, 1000, whole=True), 3)


@dataclass(frozen=True)
class FolderSource:
    name: str = option(text)
    kind: str = option(choice("folder"))
    path: str = option(text)
    after: str = option(choice("archive", "delete"), "archive")
    watch: str = option(choice("auto", "poll"), "auto")
    threshold: Optional[float] = option(number(0, 1), None)


@dataclass(frozen=True)
class Hold:
    """When another label counts as a change: either suffices; with neither, at once."""

    results: Optional[int] = option(number(1, 1000, whole=True), None)
    seconds: Optional[float] = option(number(0, 3600), None)


@dataclass(frozen=True)
class Validity:
    frozen_s: float = option(number(0, 86400), 30)
    frozen_difference: float = option(number(0, 255), 0.1)
    dark: float = option(number(0, 255), 16)
    bright: float = option(number(0, 255), 239)
    blurred: float = option(number(0, 1000000), 5)
    after_s: float = option(number(0, 3600), 2)


@dataclass(frozen=True)
class CameraSource:
    name: str = option(text)
    kind: str = option(choice("camera"))
    url: str = option(_camera_url)
    """Its passwords are never shown: `edge.sources.camera.address.masked`."""
    fps: float = option(number(0.001, 240), 2)
    timeout_s: float = option(number(0.1, 600), 10)
    loop: bool = option(flag, False)
    roi: Optional[tuple] = option(_roi, None)
    rotate: int = option(choice(0, 90, 180, 270), 0)
    threshold: Optional[float] = option(number(0, 1), None)
    publish: str = option(choice("every", "change"), "every")
    hold: Hold = option(section(Hold), Hold())
    heartbeat_s: Optional[float] = option(number(0.1, 86400), None)
    validity: Validity = option(section(Validity), Validity())


@dataclass(frozen=True)
class MqttSource:
    name: str = option(text)
    kind: str = option(choice("mqtt"))
    topic: str = option(_topic_filter)
    share: Optional[str] = option(_share, None)
    max_bytes: int = option(number(1, 100 * 1024 * 1024, whole=True), 16 * 1024 * 1024)
    threshold: Optional[float] = option(number(0, 1), None)


SOURCES = {"folder": FolderSource, "camera": CameraSource, "mqtt": MqttSource}
"""What a source may be, by its `kind`."""


@dataclass(frozen=True)
class Tls:
    ca: Optional[str] = option(text, None)
    cert: Optional[str] = option(text, None)
    key: Optional[str] = option(text, None)


@dataclass(frozen=True)
class Mqtt:
    host: str = option(text, "127.0.0.1")
    port: int = option(number(1, 65535, whole=True), 1883)
    username: Optional[str] = option(text, None)
    password_file: Optional[str] = option(text, None)
    tls: Optional[Tls] = option(section(Tls), None)
    topic_prefix: str = option(_topic, "labeld")
    qos: int = option(choice(1, 2), 1)
    discovery: str = option(choice("none", "homeassistant"), "none")
    discovery_prefix: str = option(_topic, "homeassistant")
    password: Optional[str] = field(default=None, repr=False)
    """The content of `password_file`, read when the configuration is loaded."""


@dataclass(frozen=True)
class Outbox:
    path: str = option(text, "/var/lib/labeld/outbox.db")
    """Not used yet: what is not acknowledged is held in memory, and its file in the folder."""
    max_age_hours: float = option(number(0, 87600), 72)
    max_messages: int = option(number(1, 10000000, whole=True), 100000)


@dataclass(frozen=True)
class Http:
    address: str = option(text, "127.0.0.1")
    port: int = option(number(0, 65535, whole=True), 9109)


def _sources(value, place, faults):
    if not isinstance(value, list) or not value:
        faults.append("{}: {!r} is not a list of at least one source".format(place, value))
        return ()
    found = tuple(
        _source(entry, "{}[{}]".format(place, number), faults) for number, entry in enumerate(value)
    )
    _distinct(found, place, faults)
    return found


def _source(value, place, faults):
    if not isinstance(value, dict):
        return build(FolderSource, value, place, faults)
    kind = value.get("kind")
    if isinstance(kind, str) and kind in SOURCES:
        return build(SOURCES[kind], value, place, faults)
    if "kind" not in value:
        faults.append("{}.kind: missing; one of {}".format(place, ", ".join(SOURCES)))
    else:
        choice(*SOURCES)(kind, place + ".kind", faults)
    return FolderSource()


def _distinct(sources, place, faults):
    """Two sources must not share a topic, nor a folder's files."""
    for what, key in (("name", lambda s: topic_level(s.name)), ("path", lambda s: s.path)):
        seen = {}
        for index, source in enumerate(sources):
            value = getattr(source, what, None)
            if not isinstance(value, str):
                continue
            first = seen.setdefault(key(source), index)
            if first != index:
                faults.append(
                    "{0}[{1}].{2}: {3!r} is also that of {0}[{4}]; each source needs its "
                    "own".format(place, index, what, value, first)
                )


def _defaults(value, place, faults):
    defaults.checked(value, place, SOURCES, faults)


def _with_defaults(content, faults):
    """Return the YAML's `content` with each source's entry made whole by `defaults`."""
    entries = content.get("sources")
    if not isinstance(entries, list):
        return content
    shared = content.get("defaults")
    sound = {} if shared is None else defaults.checked(shared, "defaults", SOURCES, [])
    whole = [defaults.merged(entry, sound, SOURCES) for entry in entries]
    for index, entry in enumerate(entries):
        _check_news_only("sources[{}]".format(index), entry, whole[index], faults)
    return dict(content, sources=whole)


def _check_news_only(place, entry, whole, faults):
    """A camera must not ask for what only `publish: change` heeds; it may inherit it."""
    if not isinstance(entry, dict) or whole.get("kind") != "camera":
        return
    if whole.get("publish", "every") == "every":
        for key in ("hold", "heartbeat_s"):
            if key in entry:
                faults.append("{}.{}: it needs publish: change".format(place, key))


@dataclass(frozen=True)
class Config:
    """All settings; nothing reads a file or the environment for one after they are loaded."""

    model: Model = option(section(Model))
    sources: tuple = option(_sources)
    defaults: Optional[dict] = option(_defaults, None)
    """Always None: what sources share is in each of them already."""
    device: Optional[str] = option(text, None)
    batch: Batch = option(section(Batch), Batch())
    decide: Decide = option(section(Decide), Decide())
    mqtt: Mqtt = option(section(Mqtt), Mqtt())
    outbox: Outbox = option(section(Outbox), Outbox())
    http: Http = option(section(Http), Http())

    @property
    def device_topic(self):
        return "{}/{}".format(self.mqtt.topic_prefix.strip("/"), topic_level(self.device))


def topic_level(name):
    """Return `name` as one level of an MQTT topic: no separator, wildcard or control sign."""
    safe = "".join("_" if sign in _TOPIC_SIGNS or ord(sign) < 32 else sign for sign in name)
    return "_" + safe[1:] if safe.startswith("$") else safe


def load(path):
    """Read the configuration file at `path`; relative paths in it start at its folder.

    Raises:
        ConfigError: it cannot be read, or has faults: all of them.
    """
    content = _read_yaml(path)
    faults = []
    if not isinstance(content, dict):
        raise ConfigError(path, ["it holds no `key: value` lines; see config/labeld.yaml"])
    config = build(Config, _with_defaults(content, faults), "", faults)
    if not faults:
        config = _with_files(config, os.path.dirname(os.path.abspath(path)), faults)
        _check_no_circle(config, faults)
    if faults:
        raise ConfigError(path, faults)
    return config


def _check_no_circle(config, faults):
    """A source must not be given what labeld publishes itself."""
    for index, source in enumerate(config.sources):
        if not isinstance(source, MqttSource):
            continue
        place = "{}/{}/".format(config.device_topic, topic_level(source.name))
        own = [place + level for level in ("label", "failed", "status")]
        if any(topic_matches_sub(source.topic, topic) for topic in own):
            faults.append(
                "sources[{}].topic: {!r} covers what labeld publishes, such as {}: name the "
                "pictures' own topics".format(index, source.topic, own[0])
            )


def _with_files(config, folder, faults):
    """Resolve paths, read the password, fill in the device."""

    def absolute(value):
        return None if value is None else os.path.normpath(os.path.join(folder, value))

    mqtt = replace(config.mqtt, password_file=absolute(config.mqtt.password_file))
    if mqtt.password_file is not None:
        mqtt = replace(mqtt, password=_read_password(mqtt, faults))
    if mqtt.tls is not None:
        tls = Tls(absolute(mqtt.tls.ca), absolute(mqtt.tls.cert), absolute(mqtt.tls.key))
        mqtt = replace(mqtt, tls=tls)
        _check_tls(tls, faults)
    return replace(
        config,
        device=config.device or socket.gethostname(),
        model=replace(
            config.model,
            bundle=absolute(config.model.bundle),
            converted=absolute(config.model.converted),
        ),
        sources=tuple(_with_path(source, absolute) for source in config.sources),
        mqtt=mqtt,
    )


def _with_path(source, absolute):
    if isinstance(source, FolderSource):
        return replace(source, path=absolute(source.path))
    if not isinstance(source, CameraSource):
        return source
    if "://" in source.url or "!" in source.url:
        return source
    return replace(source, url=absolute(source.url))


def _read_password(mqtt, faults):
    if mqtt.username is None:
        faults.append("mqtt.password_file: there is a password and no mqtt.username")
    try:
        with open(mqtt.password_file, encoding="utf-8") as file:
            return file.read().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        faults.append(
            "mqtt.password_file: {!r} cannot be read: {}".format(mqtt.password_file, error)
        )


def _check_tls(tls, faults):
    if tls.key is not None and tls.cert is None:
        faults.append("mqtt.tls.key: there is a key and no mqtt.tls.cert")
    for name in ("ca", "cert", "key"):
        path = getattr(tls, name)
        if path is not None and not os.access(path, os.R_OK):
            faults.append("mqtt.tls.{}: {!r} cannot be read".format(name, path))


class _Loader(yaml.SafeLoader):
    """Refuses what plain YAML accepts in silence: the same key twice."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, "the key {!r} is there twice".format(key.value), key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _read_yaml(path):
    try:
        with open(path, encoding="utf-8") as file:
            return yaml.load(file, Loader=_Loader)
    except OSError as error:
        raise ConfigError(path, ["cannot be read: {}".format(error.strerror)])
    except UnicodeDecodeError as error:
        raise ConfigError(path, ["is not UTF-8: {}".format(error)])
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = "line {}, column {}: ".format(mark.line + 1, mark.column + 1) if mark else ""
        raise ConfigError(path, ["{}{}".format(where, getattr(error, "problem", error))])
