"""What serves a configuration: from a file in its folder to an event, and over to another one."""

import json
import os
from dataclasses import replace

import pytest
import yaml

from edge.config.load import load
from edge.config.settings import DecideSettings
from edge.errors import Exit
from tests.support import tiny
from tests.support.daemons import Built
from tests.support.servers import free_port, wait_for


@pytest.fixture
def config(tmp_path):
    """A Config with a drop folder and a bundle without a graph, and a broker that is not there."""
    tiny.write_bundle(tmp_path / "tiny", save=tiny.save_nothing)
    (tmp_path / "drop").mkdir()
    path = tmp_path / "labeld.yaml"
    settings = {
        "device": "bench",
        "model": {"bundle": "tiny"},
        "decide": {"threshold": 0},
        "sources": [{"name": "drop", "kind": "folder", "path": "drop"}],
        "mqtt": {"port": free_port()},
        "outbox": {"path": "state/outbox.db"},
    }
    path.write_text(yaml.safe_dump(settings))
    return load(str(path))


class Reader:
    """In the place of the publisher: takes events out of the outbox of some parts."""

    def __init__(self, built):
        self._outbox = built.parts.publisher._outbox

    def next_event(self):
        key, message = wait_for(self._outbox.next_unsent, "an event")
        self._outbox.acknowledge(key)
        return json.loads(message.payload.decode("utf-8"))


def drop(config, name, colour):
    """Put a picture into the drop folder as a careful sender does: under another name first."""
    folder = config.sources[0].path
    draft = os.path.join(folder, "." + name)
    with open(draft, "wb") as file:
        file.write(tiny.encode(tiny.picture(colour), ".png"))
    os.rename(draft, os.path.join(folder, name))


def test_a_file_becomes_an_event_and_is_put_away_once_that_is_delivered(config):
    with Built("unused", config) as built:
        built.start()
        drop(config, "a.png", "blue")
        event = Reader(built).next_event()
        assert (event["label"], event["image"]) == ("blue", "a.png")
        done = os.path.join(config.sources[0].path, "done", "a.png")
        wait_for(lambda: os.path.exists(done), "the file is put away")


def test_another_configuration_holds_from_then_on(config):
    with Built("unused", config) as built:
        built.start()
        other = replace(config, decide=DecideSettings(threshold=1.0))
        built.parts.service.change(other, None, built.ending.stop)
        drop(config, "b.png", "blue")
        assert Reader(built).next_event()["label"] == "unknown"
        assert built.parts.service.config is other


def test_the_parts_wait_for_a_broker_and_say_what_runs(config):
    with Built("unused", config) as built:
        built.start()
        names = {worker.name for worker in built.parts.workers}
        assert {"source drop", "decode-0", "classify", "publish"} <= names
        assert built.metric("labeld_mqtt_connected") == 0
        assert built.metric("labeld_zero_copy") == 1


def test_a_stage_that_fails_ends_the_daemon_and_tells_by_the_exit_code(config):
    with Built("unused", config) as built:
        assert (built.ending.failed, built.ending.exit) == (False, Exit.OK)
        built.ending.fail(built.parts.sending)
        assert (built.ending.failed, built.ending.exit) == (True, Exit.UNEXPECTED)


def test_two_with_one_outbox_do_not_touch_each_other_s_messages(config, caplog):
    with Built("unused", config):
        with Built("unused", config) as second:
            assert second.metric("labeld_outbox_on_disk") == 0
    folder = os.path.dirname(config.outbox.path)
    assert not [name for name in os.listdir(folder) if "set-aside" in name]
    assert "outbox.db.in_hand: another labeld has it" in caplog.text
