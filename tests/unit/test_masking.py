"""No password is shown, however it is spelled."""

import re
from urllib.parse import quote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from edge.masking import escaped, masked, user_info

MARK = "qZ7xKw"
"""A part of each password here that stands in nothing else."""

SIGNS = st.text(st.sampled_from("aB1@/#?&:;%=+.,!$*()[]{}|~^-_"), max_size=6)
ANY = st.text(st.sampled_from("aB1@/#?&:;%=+.,!$\"'\\ \t()[]"), max_size=6)

MESSAGES = st.sampled_from(
    ["{}", "cannot open {}: Connection refused", "source x: stale: {}; trying again", "'{}' is bad"]
)
KEYS = st.sampled_from(
    "pwd password PASSWORD passwd pass loginpas user_pwd token access_token auth apikey api-key "
    "secret sig sessionid p%77d".split()
)


@given(SIGNS, SIGNS, MESSAGES, st.sampled_from(["rtsp", "http", "mqtt", "mqtts", "rtsps"]))
def test_not_that_of_an_address_with_any_signs_in_it(before, after, message, scheme):
    address = "{}://admin:{}@10.0.0.7:554/live".format(scheme, before + MARK + after)
    assert MARK not in masked(message.format(address))


@given(SIGNS, SIGNS, MESSAGES)
def test_not_one_without_a_scheme_or_a_user(before, after, message):
    assume(not before.startswith("//"))  # or it is an address of the scheme admin
    assert MARK not in masked(message.format("admin:{}@broker:1883".format(before + MARK + after)))
    assert MARK not in masked(message.format("mqtt://{}@broker".format(MARK)))


@given(KEYS, SIGNS, SIGNS, MESSAGES, st.booleans())
def test_not_that_of_a_query(key, before, after, message, escape):
    value = quote(before + MARK + after, safe="") if escape else before + MARK + after
    address = "http://10.0.0.7/video.cgi?user=admin&{}={}&res=hd".format(key, value)
    assert MARK not in masked(message.format(address))


@given(
    st.sampled_from(["user-pw", "proxy-pw", "password", "access-token"]),
    st.sampled_from(["{}={}", "{} = {}", "{}=(string){}"]),
    st.text(st.sampled_from("aB1@/#?&:;%= '"), max_size=6),
    MESSAGES,
)
def test_not_that_of_a_pipeline(key, form, before, message):
    value = '"{}"'.format(before + MARK + " x" + MARK)
    pipeline = "rtspsrc user-id=admin {} ! decodebin ! appsink".format(form.format(key, value))
    assert MARK not in masked(message.format(pipeline))
    assert MARK not in masked(message.format(pipeline.replace(value, "a\\ " + MARK)))


@given(ANY, ANY, MESSAGES)
@example("1?", "", "{}")
@example("80/", "", "{}")
@example("1/B#]?", "$%\t;:%", "'{}' is bad")
def test_not_that_of_an_address_one_knows_even_if_a_library_quotes_a_part_of_it(
    before, after, message
):
    address = "rtsp://admin:{}@10.0.0.7:554/live".format(before + MARK + after)
    parts = re.split(r"[@/#?&:;\s\"'\\]+", before + MARK + after)
    for part in (address, repr(address), before + MARK + after, *parts):
        assert MARK not in masked(message.format(part), address)


@pytest.mark.parametrize(
    "text",
    [
        "{'Authorization': 'Basic " + MARK + "'}",
        "Authorization: Digest username=x, response=" + MARK,
        "{'password': '" + MARK + "', 'host': 'h'}",
    ],
)
def test_not_in_a_header_or_a_mapping(text):
    assert MARK not in masked(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rtsp://a:b@h/x and rtsp://c:d@h/y", "rtsp://a:***@h/x and rtsp://c:***@h/y"),
        ("http://h/x?user=a&pwd=b", "http://h/x?user=a&pwd=***"),
        ("rtspsrc user-id=a user-pw=b ! appsink", "rtspsrc user-id=a user-pw=*** ! appsink"),
        ("rtsp://10.0.0.7:554/live?channel=1", "rtsp://10.0.0.7:554/live?channel=1"),
        ("mqtt.password_file: '/x/y' cannot be read", "mqtt.password_file: '/x/y' cannot be read"),
        ("mqtt ::1:1883: the connection was lost", "mqtt ::1:1883: the connection was lost"),
        ("source a: live", "source a: live"),
    ],
)
def test_what_is_no_secret_stays(text, expected):
    assert masked(text) == expected
    assert masked(masked(text)) == expected


@given(SIGNS, SIGNS)
def test_a_password_with_any_signs_is_read_and_escaped(before, after):
    assume(not re.match(r"\d+[/?]", before))
    password = before + MARK + after
    address = "rtsp://ad-min:{}@10.0.0.7:554/live".format(password)
    if "%" in password:
        address = address.replace(password, quote(password, safe=""))
    assert user_info(address) == ("ad-min", password, "rtsp://10.0.0.7:554/live")
    assert escaped(address) == "rtsp://ad-min:{}@10.0.0.7:554/live".format(quote(password, safe=""))
    assert escaped(escaped(address)) == escaped(address)


@pytest.mark.parametrize(
    "address",
    [
        "http://10.0.0.7:8080/snap.jpg?mail=a@b",
        "http://[::1]:8080/a@b",
        "rtsp://h/path@2x",
        "/dev/video0",
        "film.mp4",
        "rtspsrc location=rtsp://h/x ! appsink",
    ],
)
def test_an_address_without_a_user_is_left_as_it_is(address):
    assert user_info(address) == (None, "", address)
    assert escaped(address) == address
