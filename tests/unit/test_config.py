"""The configuration: its manual is complete, and every fault is named with what to do."""

import dataclasses
import json
import os
import re
import sys

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from edge.config import settings
from edge.config.load import load
from edge.config.schema import build
from edge.errors import ConfigError, Exit
from tests.support.certificates import Authority
from tests.support.checkout import ROOT

MANUAL = os.path.join(ROOT, "config", "labeld.yaml")

SMALLEST = "model: {bundle: b}\nsources: [{name: a, kind: folder, path: drop}]\n"


def faults(tmp_path, text):
    """Return the faults of a configuration, without the file's name."""
    path = tmp_path / "labeld.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refusal:
        load(str(path))
    assert refusal.value.exit_code == Exit.CONFIGURATION
    assert all(line.startswith(str(path)) for line in str(refusal.value).splitlines())
    return list(refusal.value.faults)


def options(kind):
    return [field for field in dataclasses.fields(kind) if field.metadata]


def shown(content, kind, place=""):
    """Fail for an option of the dataclass `kind` that the manual does not show."""
    for field in options(kind):
        assert field.name in content, place + field.name
        if isinstance(content[field.name], dict):
            nested = type(field.default)
            if field.name == "tls":
                nested = settings.TlsSettings if place == "mqtt." else settings.HttpTlsSettings
            if field.name == "model":
                nested = settings.ModelSettings
            shown(content[field.name], nested, place + field.name + ".")


def test_the_manual_shows_every_option_and_its_default():
    with open(MANUAL, encoding="utf-8") as file:
        text = file.read().replace("publish: every ", "publish: change ")
    content = yaml.safe_load(re.sub(r"(?m)^#(?=( {2})*[a-z_]+:)", "", text))
    found = []
    manual = build(settings.Config, content, "", found, elsewhere=["defaults"])
    assert not found
    shown(content, settings.Config)
    for entry in content["sources"]:
        shown(entry, settings.SOURCES[entry["kind"]])
    shared = {field.name for kind in settings.SOURCES.values() for field in options(kind)}
    assert set(content["defaults"]) < shared

    as_it_is = load(MANUAL)
    for name in ("batch", "decide", "outbox", "http", "mqtt"):
        default = next(field.default for field in options(settings.Config) if field.name == name)
        assert getattr(as_it_is, name) == default
    assert manual.model.gpu_memory_mb == settings.ModelSettings("b").gpu_memory_mb


def test_relative_paths_start_at_the_file(tmp_path):
    (tmp_path / "labeld.yaml").write_text(SMALLEST)
    loaded = load(str(tmp_path / "labeld.yaml"))
    assert loaded.model.bundle == str(tmp_path / "b")
    assert loaded.sources[0].path == str(tmp_path / "drop")
    assert loaded.device


def test_a_certificate_and_the_key_of_another_are_a_fault(tmp_path):
    authority = Authority(tmp_path)
    cert, key = authority.issue("a")[0], authority.issue("b")[1]
    for section in ("mqtt", "http"):
        (fault,) = faults(
            tmp_path, SMALLEST + "{}: {{tls: {{cert: {}, key: {}}}}}\n".format(section, cert, key)
        )
        assert fault.startswith("{}.tls: '{}': ".format(section, cert))


def test_all_faults_are_found_at_once(tmp_path):
    text = "model: {bundel: b}\nbatch: {max_size: 0}\nsources: []\nmqtt: {port: http}\n"
    assert faults(tmp_path, text) == [
        "model.bundel: unknown key; did you mean 'bundle'?",
        "model.bundle: missing; it has no default",
        "sources: [] is not a list of at least one source",
        "batch.max_size: 0 is not a whole number from 1 to 256",
        "mqtt.port: 'http' is not a whole number from 1 to 65535",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("mqtt: {qos: true}", "mqtt.qos: True is none of 1, 2"),
        ("mqtt: {qos: 0}", "mqtt.qos: 0 is none of 1, 2"),
        ("mqtt: {topic_prefix: a/#}", "mqtt.topic_prefix: 'a/#' cannot begin a topic"),
        ("mqtt: {username: u, password_file: gone}", "gone' cannot be read"),
        ("mqtt: {tls: {ca: gone.pem}}", "gone.pem' cannot be read"),
        ("http: {password_file: gone}", "http.password_file: '"),
        ("http: {password_file: empty}", "is empty: anybody would know it"),
        ("http: {username: 'a:b', password_file: secret}", "http.username: 'a:b' has a ':'"),
        ("http: {tls: {cert: gone.pem, key: secret}}", "http.tls.cert: '"),
        ("http: {tls: {cert: secret}}", "http.tls.key: missing"),
        ("http: {tls: {cert: secret, key: secret}}", "secret': [SSL] PEM lib"),
        ("mqtt: {tls: {key: secret}}", "mqtt.tls.key: there is a key and no mqtt.tls.cert"),
        ("mqtt: {tls: {ca: secret}}", "mqtt.tls: '"),
        ("decide: {threshold: .nan}", "decide.threshold: nan is not a number from 0 to 1"),
        ("decide: {threshold: often}", "'often' is not a number from 0 to 1, nor auto"),
        ("device: 7", "device: 7 is not a text"),
        ("http: 9109", "http: 9109 is not a section"),
        ("http: {port: 1, port: 2}", "the key 'port' is there twice"),
        ("? [a, b]\n: 1", "unhashable key"),
        ("http: {port: [", "line 4, column 1"),
    ],
)
def test_a_fault_names_its_place_and_the_rule(tmp_path, text, fault):
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "secret").write_text("s3cret")
    assert fault in faults(tmp_path, SMALLEST + text + "\n")[0]


def test_two_sources_may_not_share_a_topic_or_a_folder(tmp_path):
    source = "{{name: {}, kind: folder, path: {}}}"
    both = ", ".join([source.format("a/b", "x"), source.format("a+b", "x")])
    found = faults(tmp_path, "model: {{bundle: b}}\nsources: [{}]\n".format(both))
    assert len(found) == 2
    assert "sources[1].name: 'a+b' is also that of sources[0]" in found[0]
    assert "sources[1].path" in found[1]


@pytest.mark.parametrize(
    ("key", "value"), [("runtime", "openvino"), ("precision", "int8"), ("precision", "bf16")]
)
def test_engines_are_asked_of_what_has_them(tmp_path, key, value):
    sources = "sources: [{name: a, kind: folder, path: x}]\n"
    model = "model: {{bundle: b, convert: {}, {}: {}}}\n"
    (fault,) = faults(tmp_path, model.format("true", key, value) + sources)
    assert fault.startswith("model.{}: '{}' and model.convert: true exclude".format(key, value))
    (tmp_path / "labeld.yaml").write_text(model.format("false", key, value) + sources)
    load(str(tmp_path / "labeld.yaml"))


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("{name: a, path: x}", "sources[0].kind: missing; one of folder, camera, mqtt"),
        (
            "{name: a, kind: cam}",
            "sources[0].kind: 'cam' is none of folder, camera, mqtt; did you mean",
        ),
        ("{name: a, kind: camera}", "sources[0].url: missing; it has no default"),
        ("{name: a, kind: camera, url: 0}", "sources[0].url: 0 is not a text"),
        (
            "{name: a, kind: camera, url: 'rtmp://h/s'}",
            "sources[0].url: 'rtmp://' is none of rtsp, rtsps, http, https;",
        ),
        ("{name: a, kind: camera, url: x, loop: 1}", "sources[0].loop: 1 is neither true nor"),
        ("{name: a, kind: camera, url: x, fps: 0}", "sources[0].fps: 0 is not a number from"),
        ("{name: a, kind: camera, url: x, path: y}", "sources[0].path: unknown key"),
        ("{name: a, kind: camera, url: x, hold: {results: 2}}", "sources[0].hold: it needs publi"),
        ("{name: a, kind: camera, url: x, heartbeat_s: 5}", "sources[0].heartbeat_s: it needs pub"),
        ("{name: a, kind: camera, url: x, roi: [0, 0, 0, 5]}", "sources[0].roi: [0, 0, 0, 5] is n"),
        ("{name: a, kind: camera, url: x, roi: [1, 2, 3]}", "not [x, y, width, height] in pixels"),
        ("{name: a, kind: camera, url: x, rotate: 45}", "sources[0].rotate: 45 is none of 0, 90,"),
        ("{name: a, kind: folder, path: x, threshold: 50}", "50 is not a number from 0 to 1"),
        ("{name: a, kind: mqtt, topic: 'a/b#'}", "sources[0].topic: 'a/b#' is no topic filter"),
        ("{name: a, kind: mqtt, topic: 'a/#/b'}", "sources[0].topic: 'a/#/b' is no topic filter"),
        ("{name: a, kind: mqtt, topic: $share/x/y}", "is no topic filter: levels between"),
        ("{name: a, kind: mqtt, topic: x, share: a/b}", "sources[0].share: 'a/b' is no name"),
        ("{name: a, kind: mqtt, topic: '#'}", "'#' covers what labeld publishes, such as labeld/"),
        ("{name: a, kind: mqtt, topic: labeld/+/a/+}", "covers what labeld publishes, such as"),
        ("a", "sources[0]: 'a' is not a section"),
    ],
)
def test_a_fault_in_a_source_names_its_place_and_the_rule(tmp_path, source, fault):
    found = faults(tmp_path, "model: {{bundle: b}}\nsources: [{}]\n".format(source))
    assert fault in found[0]


def load_text(tmp_path, text):
    path = tmp_path / "labeld.yaml"
    path.write_text("model: {bundle: b}\n" + text)
    return load(str(path))


def test_sources_take_from_the_defaults_what_their_kind_knows_and_they_do_not_say(tmp_path):
    loaded = load_text(
        tmp_path,
        """
defaults: {kind: camera, fps: 5, publish: change, validity: {dark: 3, after_s: 1}, watch: poll}
sources:
- {name: a, url: x}
- {name: b, url: y, fps: 1, validity: {dark: 20}}
- {name: c, url: z, publish: every}
- {name: d, kind: folder, path: drop}
""",
    )
    a, b, c, d = loaded.sources
    assert (a.kind, a.fps, a.publish) == ("camera", 5, "change")
    assert (b.fps, b.publish) == (1, "change")
    assert (a.validity.dark, b.validity.dark, b.validity.after_s) == (3, 20, 1)
    assert (c.fps, c.publish) == (5, "every")
    assert (d.kind, d.watch) == ("folder", "poll")


def test_a_camera_may_inherit_what_only_changes_need_and_not_ask_for_it(tmp_path):
    shared = "defaults: {kind: camera, publish: change, hold: {results: 2}}\n"
    loaded = load_text(tmp_path, shared + "sources: [{name: a, url: x, publish: every}]\n")
    assert loaded.sources[0].publish == "every"
    own = "sources: [{name: a, url: x, publish: every, hold: {results: 3}}]\n"
    assert faults(tmp_path, "model: {bundle: b}\n" + shared + own) == [
        "sources[0].hold: it needs publish: change"
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{fps: 0}", "defaults.fps: 0 is not a number from 0.001 to 240"),
        ("{validity: {drak: 3}}", "defaults.validity.drak: unknown key; did you mean 'dark'?"),
        ("{url: x}", "defaults.url: no key that sources can share: after, "),
        ("{kind: cam}", "defaults.kind: 'cam' is none of folder, camera, mqtt; did you mean"),
        ("5", "defaults: 5 is not a section of `key: value` lines"),
    ],
)
def test_a_fault_in_the_defaults_is_told_once(tmp_path, text, fault):
    sources = "sources: [{name: a, kind: camera, url: x}, {name: b, kind: camera, url: y}]\n"
    found = faults(tmp_path, "model: {{bundle: b}}\ndefaults: {}\n{}".format(text, sources))
    assert len(found) == 1
    assert fault in found[0]


def test_a_video_file_is_found_beside_the_configuration_and_an_address_is_left_alone(tmp_path):
    urls = ("film.avi", "/dev/video0", "rtsp://10.0.0.7/a", "v4l2src ! appsink")
    sources = [{"name": url, "kind": "camera", "url": url} for url in urls]
    path = tmp_path / "labeld.yaml"
    path.write_text(yaml.safe_dump({"model": {"bundle": "b"}, "sources": sources}))
    found = [source.url for source in load(str(path)).sources]
    assert found == [str(tmp_path / "film.avi"), *urls[1:]]


@pytest.mark.parametrize("text", ["", "[]", "just text"])
def test_a_file_without_keys_is_refused(tmp_path, text):
    assert "see config/labeld.yaml" in faults(tmp_path, text)[0]


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"gone\.yaml: cannot be read: No such file"):
        load(str(tmp_path / "gone.yaml"))


@pytest.mark.parametrize(
    ("host", "right"),
    [
        ("mqtt://broker.local", "mqtt.host: broker.local"),
        ("broker:1883", "mqtt.host: broker, mqtt.port: 1883"),
        ("mqtts://broker.local:8884", "mqtt.host: broker.local, mqtt.port: 8884, mqtt.tls: {}"),
        ("mqtts://broker", "mqtt.host: broker, mqtt.port: 8883, mqtt.tls: {}"),
        ("tcp://u:s3cret@10.0.0.5:1883/", "mqtt.host: 10.0.0.5, mqtt.port: 1883, mqtt.username"),
        ("[fe80::1]:1883", "mqtt.host: fe80::1, mqtt.port: 1883"),
        ("broker/", "mqtt.host: broker"),
    ],
)
def test_a_broker_s_name_in_another_form_is_refused_with_the_right_one(tmp_path, host, right):
    found = faults(tmp_path, SMALLEST + "mqtt: {{host: '{}'}}\n".format(host))
    assert len(found) == 1
    assert found[0].split(": write ")[1].startswith(right)
    assert "s3cret" not in found[0]


@pytest.mark.parametrize("host", ["broker", "broker.example.org", "10.0.0.5", "::1", "fe80::1"])
def test_a_broker_s_bare_name_or_address_is_taken(tmp_path, host):
    (tmp_path / "c.yaml").write_text(SMALLEST + "mqtt: {{host: '{}'}}\n".format(host))
    assert load(str(tmp_path / "c.yaml")).mqtt.host == host


def test_one_folder_in_two_spellings_is_refused(tmp_path):
    (tmp_path / "drop").mkdir()
    os.symlink("drop", str(tmp_path / "link"))
    for other in ("./drop/", "drop/../drop", "link", str(tmp_path / "drop")):
        sources = (
            "sources: [{{name: a, kind: folder, path: drop}}, {{name: b, kind: folder, path: {}}}]"
        )
        found = faults(tmp_path, "model: {bundle: b}\n" + sources.format(other))
        assert "sources[1].path" in found[0]


def test_a_folder_inside_one_that_is_looked_through_is_refused(tmp_path):
    text = (
        "model: {bundle: b}\nsources:\n- {name: a, kind: folder, path: drop/b}\n"
        "- {name: b, kind: folder, path: drop, recursive: true}\n"
    )
    assert "lies in that of sources[1], which is recursive" in faults(tmp_path, text)[0]


@pytest.mark.parametrize("value", ["'*.x'", "[1]", "['a/b']"])
def test_patterns_that_are_no_file_names_are_refused(tmp_path, value):
    text = SMALLEST.replace("path: drop", "path: drop, ignore: " + value)
    assert "sources[0].ignore" in faults(tmp_path, text)[0]


@pytest.mark.skipif(sys.version_info >= (3, 9), reason="this Python reads it, and it fits no name")
def test_a_pattern_that_this_python_cannot_read_is_refused(tmp_path):
    text = SMALLEST.replace("path: drop", "path: drop, ignore: ['[z-a]']")
    assert "sources[0].ignore" in faults(tmp_path, text)[0]


@pytest.mark.parametrize("content", [b"s3cret", b"s3cret\r\n", b"\xef\xbb\xbfs3cret\n"])
def test_a_password_file_may_have_a_mark_and_an_end_of_line(tmp_path, content):
    (tmp_path / "password").write_bytes(content)
    text = SMALLEST + "mqtt: {username: u, password_file: password}\n"
    (tmp_path / "c.yaml").write_text(text)
    assert load(str(tmp_path / "c.yaml")).mqtt.password == "s3cret"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("device", "dock\x1b3"),
        ("device", "d" * 256),
        ("mqtt.topic_prefix", "$SYS/labeld"),
        ("mqtt.topic_prefix", "a\u0085b"),
        ("mqtt.topic_prefix", "p" * 65530),
        ("mqtt.username", "me\uffff"),
        ("mqtt.discovery_prefix", "$home"),
        ("sources[0].name", "a\nb"),
        ("sources[0].name", "ä" * 128),
        ("sources[0].path", "drop\0"),
    ],
)
def test_a_text_that_mqtt_or_a_log_would_choke_on_is_a_fault(tmp_path, key, value):
    content = yaml.safe_load(SMALLEST)
    place = content
    *sections, last = key.replace("sources[0]", "sources").split(".")
    for section in sections:
        place = place.setdefault(section, {})
        place = place[0] if isinstance(place, list) else place
    place[last] = value
    (fault,) = faults(tmp_path, json.dumps(content))
    assert fault.startswith(key + ":")


@pytest.mark.parametrize(
    "text",
    ["a: 2026-13-45", pytest.param("a: " + "[" * 5000, id="deep"), "? [a, b]\n: c", "a: !!int x"],
)
def test_yaml_that_cannot_be_read_is_a_fault(tmp_path, text):
    assert faults(tmp_path, text)


words = st.sampled_from(
    ["model", "bundle", "sources", "name", "kind", "folder", "camera", "mqtt", "path", "url", "tls"]
)
anything = st.recursive(
    words | st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=5),
    max_leaves=20,
)


@settings_of_hypothesis(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(anything)
def test_whatever_a_file_holds_it_is_taken_or_its_faults_are_told(tmp_path, content):
    path = tmp_path / "labeld.yaml"
    path.write_text(json.dumps(content), encoding="utf-8")
    try:
        load(str(path))
    except ConfigError as refused:
        if not refused.faults:
            raise


@settings_of_hypothesis(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=60))
def test_whatever_bytes_a_file_holds_its_faults_are_told(tmp_path, content):
    path = tmp_path / "labeld.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError):
        load(str(path))
