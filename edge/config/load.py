"""From the file labeld.yaml to the Config, with every fault at once."""

import os
import socket
import ssl
from dataclasses import replace
from typing import Any, Callable, Dict, List, Optional

import yaml

from edge import text
from edge.config import shared
from edge.config.schema import build
from edge.config.settings import (
    SOURCES,
    CameraSettings,
    Config,
    FolderSettings,
    HttpSettings,
    HttpTlsSettings,
    ModelSettings,
    MqttSourceSettings,
    SourceSettings,
    TlsSettings,
)
from edge.errors import ConfigError
from edge.mqtt.topics import matches

DEFAULTS = "defaults"
"""The section of what sources share: it is laid under each of them, and not in the Config."""


def load(path: str) -> Config:
    """Read the configuration file at `path`; relative paths in it start at its folder.

    Raises:
        ConfigError: it cannot be read, or has faults: all of them.
    """
    content = _read_yaml(path)
    faults: List[str] = []
    if not isinstance(content, dict):
        raise ConfigError(path, ["it holds no `key: value` lines; see config/labeld.yaml"])
    config = build(Config, _with_defaults(content, faults), "", faults, elsewhere=(DEFAULTS,))
    if not faults:
        config = _with_files(config, os.path.dirname(os.path.abspath(path)), faults)
        _check_engines(config.model, faults)
        _check_topics(config, faults)
        _check_no_circle(config, faults)
        _check_folders(config, faults)
    if faults:
        raise ConfigError(path, faults)
    return config


def _with_defaults(content: Dict[Any, Any], faults: List[str]) -> Dict[Any, Any]:
    """Return the YAML's `content` with each source's entry made whole by the section DEFAULTS."""
    given = content.get(DEFAULTS)
    sound = {} if given is None else shared.checked(given, DEFAULTS, SOURCES, faults)
    entries = content.get("sources")
    if not isinstance(entries, list):
        return content
    whole = [shared.merged(entry, sound, SOURCES) for entry in entries]
    for index, entry in enumerate(entries):
        _check_news_only("sources[{}]".format(index), entry, whole[index], faults)
    return dict(content, sources=whole)


def _check_news_only(place: str, entry: Any, whole: Any, faults: List[str]) -> None:
    """A camera must not ask for what only `publish: change` heeds; it may inherit it."""
    if not isinstance(entry, dict) or whole.get("kind") != "camera":
        return
    if whole.get("publish", "every") == "every":
        for key in ("hold", "heartbeat_s"):
            if key in entry:
                faults.append("{}.{}: it needs publish: change".format(place, key))


def _check_engines(model: ModelSettings, faults: List[str]) -> None:
    """TensorRT's engines are TensorFlow's alone, and compute in FP16."""
    if not model.convert:
        return
    for key, value in (("runtime", model.runtime), ("precision", model.precision)):
        if value in ("openvino", "int8", "bf16"):
            faults.append(
                "model.{}: {!r} and model.convert: true exclude each other: TensorRT's engines "
                "are run by TensorFlow, in FP16".format(key, value)
            )


def _check_topics(config: Config, faults: List[str]) -> None:
    """No topic, nor the name at the broker, may be longer than MQTT has room for."""
    topics = config.topics
    names = [topics.device_status, topics.client_id()]
    for source in config.sources:
        names += topics.all_of(source.name)
    for name in names:
        fault = text.fault(name)
        if fault is not None:
            faults.append("mqtt.topic_prefix: the topic {:.60}...: {}".format(name, fault))
            return


def _check_no_circle(config: Config, faults: List[str]) -> None:
    """A source must not be given what labeld publishes itself."""
    for index, source in enumerate(config.sources):
        if not isinstance(source, MqttSourceSettings):
            continue
        own = config.topics.all_of(source.name)
        if any(matches(source.topic, topic) for topic in own):
            faults.append(
                "sources[{}].topic: {!r} covers what labeld publishes, such as {}: name the "
                "pictures' own topics".format(index, source.topic, own[0])
            )


def _check_folders(config: Config, faults: List[str]) -> None:
    """Two sources must not have one folder's files, however its path is spelled."""
    folders = {
        index: source
        for index, source in enumerate(config.sources)
        if isinstance(source, FolderSettings)
    }
    paths = {index: os.path.realpath(source.path) for index, source in folders.items()}
    for index, path in paths.items():
        for other, other_path in paths.items():
            if index < other and path == other_path:
                faults.append(
                    "sources[{}].path: it is the folder of sources[{}], too: {}".format(
                        other, index, path
                    )
                )
            elif folders[index].recursive and other_path.startswith(path + os.sep):
                faults.append(
                    "sources[{}].path: {} lies in that of sources[{}], which is recursive".format(
                        other, other_path, index
                    )
                )


def _with_files(config: Config, folder: str, faults: List[str]) -> Config:
    """Resolve paths, read the password, fill in the device."""

    def absolute(path: str) -> str:
        return os.path.normpath(os.path.join(folder, path))

    def optional(path: Optional[str]) -> Optional[str]:
        return None if path is None else absolute(path)

    mqtt = replace(config.mqtt, password_file=optional(config.mqtt.password_file))
    if mqtt.password_file is not None:
        if mqtt.username is None:
            faults.append("mqtt.password_file: there is a password and no mqtt.username")
        mqtt = replace(mqtt, password=_read_password("mqtt", mqtt.password_file, faults))
    if mqtt.tls is not None:
        tls = TlsSettings(optional(mqtt.tls.ca), optional(mqtt.tls.cert), optional(mqtt.tls.key))
        mqtt = replace(mqtt, tls=tls)
        _check_tls("mqtt.tls", tls.cert, tls.key, tls.ca, faults)
    return replace(
        config,
        device=config.device or socket.gethostname(),
        model=replace(
            config.model,
            bundle=absolute(config.model.bundle),
            converted=absolute(config.model.converted),
        ),
        outbox=replace(config.outbox, path=absolute(config.outbox.path)),
        sources=tuple(_with_path(source, absolute) for source in config.sources),
        mqtt=mqtt,
        http=_with_secrets(config.http, absolute, faults),
    )


def _with_secrets(
    http: HttpSettings, absolute: Callable[[str], str], faults: List[str]
) -> HttpSettings:
    if http.password_file is not None:
        path = absolute(http.password_file)
        password = _read_password("http", path, faults)
        http = replace(http, password_file=path, password=password)
        if password == "":
            faults.append("http.password_file: {!r} is empty: anybody would know it".format(path))
        if ":" in http.username:
            faults.append("http.username: {!r} has a ':' (RFC 7617)".format(http.username))
    if http.tls is not None:
        tls = HttpTlsSettings(absolute(http.tls.cert), absolute(http.tls.key))
        http = replace(http, tls=tls)
        _check_tls("http.tls", tls.cert, tls.key, None, faults)
    return http


def _with_path(source: SourceSettings, absolute: Callable[[str], str]) -> SourceSettings:
    if isinstance(source, FolderSettings):
        return replace(source, path=absolute(source.path))
    if not isinstance(source, CameraSettings):
        return source
    if "://" in source.url or "!" in source.url:
        return source
    return replace(source, url=absolute(source.url))


def _read_password(section: str, path: str, faults: List[str]) -> Optional[str]:
    try:
        with open(path, encoding="utf-8-sig") as file:  # Windows' editors begin with a mark
            return file.read().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        faults.append("{}.password_file: {!r} cannot be read: {}".format(section, path, error))
        return None


def _check_tls(
    place: str, cert: Optional[str], key: Optional[str], ca: Optional[str], faults: List[str]
) -> None:
    if key is not None and cert is None:
        faults.append("{0}.key: there is a key and no {0}.cert".format(place))
        return
    paths = {"ca": ca, "cert": cert, "key": key}
    gone = [name for name, path in paths.items() if path and not os.access(path, os.R_OK)]
    for name in gone:
        faults.append("{}.{}: {!r} cannot be read".format(place, name, paths[name]))
    context = ssl.create_default_context()
    tried = ca
    try:
        if ca is not None and "ca" not in gone:
            context.load_verify_locations(ca)
        tried = cert
        if cert is not None and not gone:
            context.load_cert_chain(cert, key)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        faults.append("{}: {!r}: {}".format(place, tried, error))


class _Loader(yaml.SafeLoader):
    """Refuses what plain YAML accepts in silence: the same key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Dict[Any, Any]:
        keys = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in keys:
                raise yaml.constructor.ConstructorError(
                    None, None, "the key {!r} is there twice".format(key.value), key.start_mark
                )
            keys.add(key.value)
        return super().construct_mapping(node, deep)


def _read_yaml(path: str) -> Any:
    try:
        with open(path, encoding="utf-8") as file:
            return yaml.load(file, Loader=_Loader)
    except OSError as error:
        raise ConfigError(path, ["cannot be read: {}".format(error.strerror)])
    except UnicodeDecodeError as error:
        raise ConfigError(path, ["is not UTF-8: {}".format(error)])
    except (ValueError, OverflowError, RecursionError) as error:  # of a date such as 2026-13-45
        raise ConfigError(path, ["is no YAML: {}".format(error)])
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = "line {}, column {}: ".format(mark.line + 1, mark.column + 1) if mark else ""
        raise ConfigError(path, ["{}{}".format(where, getattr(error, "problem", error))])
