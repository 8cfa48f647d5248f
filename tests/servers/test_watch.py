"""`labeld watch`: what goes on, in a terminal."""

import io
import re

import pytest

from edge.mqtt.topics import Topics
from edge.watch.seen import Seen
from tests.support import commands, tiny
from tests.support.servers import wait_for

SECONDS = "4"


def shown(*arguments):
    """Return what the command prints at its end, without frames and colours."""
    code, text, errors = commands.process(
        "edge", "watch", "--seconds", SECONDS, *arguments, COLUMNS="160", PYTHONIOENCODING="utf-8"
    )
    assert code == 0, errors
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


@pytest.fixture
def busy(labeld, subscriber):
    """A Labeld that has labelled a picture and set one aside."""
    labeld.start_ready()
    labeld.drop_file("red.png", tiny.encode(tiny.picture("red"), ".png"))
    labeld.drop_file("notes.txt", b"no picture")
    wait_for(lambda: subscriber.events("drop/label"), "the label")
    return labeld


def test_it_shows_the_sources_of_a_configuration(busy):
    text = shown("-c", busy.config)
    assert "connected" in text
    assert re.search(r"bench\s*│?\s*drop\s*│?\s*live", text.replace("┃", "│"))


def test_it_shows_all_devices_at_a_broker_and_what_came_meanwhile(busy, broker):
    seen = Seen("labeld", None)
    assert seen.sources() == []
    text = shown("--broker", "127.0.0.1:{}".format(broker.port))
    assert "bench" in text
    assert "live" in text


def test_without_a_broker_it_says_why(tmp_path):
    text = shown("--broker", "127.0.0.1:1")
    assert "refused" in text.lower()


def test_a_port_that_is_none_is_refused():
    code, _, errors = commands.labeld("watch", "--broker", "host:x")
    assert (code, "'x' is no port" in errors) == (1, True)


class Message:
    def __init__(self, topic, payload, retain=False):
        self.topic, self.payload, self.retain = topic, payload, retain


TOPICS = Topics("labeld", "dock")


def test_what_is_told_becomes_a_row_and_what_is_no_event_does_not_harm():
    seen = Seen("labeld", None)
    for topic, payload in (
        (TOPICS.device_status, b"online"),
        (TOPICS.status("aisle"), b'{"status": "live"}'),
        (TOPICS.label("aisle"), b'{"label": "apple", "score": 0.5, "image": "a.jpg"}'),
        (TOPICS.label("aisle"), b"\xff"),
        (TOPICS.label("aisle"), b"[1]"),
        (TOPICS.failed("aisle"), b'{"error": "it is broken"}'),
    ):
        seen.on_message(Message(topic, payload))
    (row,) = seen.sources()
    assert (row.device, row.name, row.online, row.status) == ("dock", "aisle", True, "live")
    assert (row.label, row.score, row.per_minute, row.failed) == ("apple", 0.5, 1, 1)
    seen.on_message(Message(TOPICS.device_status, b"offline"))
    assert seen.sources()[0].online is False
    seen.on_message(Message(TOPICS.status("aisle"), b""))
    assert seen.sources() == []


def test_a_label_that_was_retained_is_shown_and_not_counted():
    seen = Seen("labeld", None)
    seen.on_message(Message(TOPICS.label("aisle"), b'{"label": "apple"}', retain=True))
    (row,) = seen.sources()
    assert (row.label, row.per_minute, row.age_seconds) == ("apple", 0, None)


def test_names_are_text_whatever_they_hold():
    from rich.console import Console

    from edge.watch.table import drawn

    seen = Seen("labeld", None)
    hostile = '{"label": "[red]x[/red]\\u001b[2J\\nINFO", "score": 1}'
    seen.on_message(Message("labeld/dock/[bold]aisle/label", hostile.encode()))
    console = Console(width=160, record=True, file=io.StringIO())
    console.print(drawn(seen.sources(), "mqtt x:1883", None))
    text = console.export_text()
    assert "[bold]aisle" in text
    assert "[red]x[/red]" in text
    assert "\x1b" not in text


def test_any_number_of_names_takes_a_bounded_number_of_rows():
    seen = Seen("labeld", None)
    for number in range(3000):
        seen.on_message(Message("labeld/dock/s{}/label".format(number), b"{}"))
    assert len(seen.sources()) == 1000
