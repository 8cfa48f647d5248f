"""Which texts may be a name, and how others are shown."""

import pytest

from edge import text
from edge.mqtt.topics import level


@pytest.mark.parametrize("good", ["aisle-1", "Gänge/3 °", "果物", "\U0001f34e", " ", "$"])
def test_what_can_be_shown_is_a_name(good):
    assert text.fault(good) is None
    assert text.one_line(good) == good


@pytest.mark.parametrize(
    ("sign", "shown"),
    [
        ("\0", "\\x00"),
        ("\n", "\\n"),
        ("\x1b", "\\x1b"),
        ("\x7f", "\\x7f"),
        ("\x85", "\\x85"),
        ("\x9b", "\\x9b"),
        ("\u2028", "\\u2028"),
        ("\ud800", "\\ud800"),
        ("\ufdd0", "\\ufdd0"),
        ("\ufffe", "\\ufffe"),
        ("\uffff", "\\uffff"),
        ("\U0010ffff", "\\U0010ffff"),
    ],
)
def test_what_ends_a_line_or_a_connection_is_no_part_of_a_name(sign, shown):
    assert "U+{:04X}".format(ord(sign)) in text.fault("a" + sign + "b")
    assert text.one_line("a" + sign + "b") == "a" + shown + "b"
    assert level("a" + sign) == "a_"


def test_a_name_fits_into_its_packet():
    assert text.fault("é" * 5, most_bytes=10) is None
    assert "11 bytes; at most 10" in text.fault("é" * 5 + "e", most_bytes=10)
