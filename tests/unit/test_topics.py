"""How topics are spelled, whatever a device or a source is called."""

import pytest

from edge.mqtt import topics
from edge.mqtt.topics import Topics


def test_a_source_has_its_topics_below_the_device_s():
    own = Topics("site/labeld/", "dock-3")
    assert own.device_status == "site/labeld/dock-3/status"
    assert own.label("aisle") == "site/labeld/dock-3/aisle/label"
    assert own.failed("aisle") == "site/labeld/dock-3/aisle/failed"
    assert own.status("aisle") == "site/labeld/dock-3/aisle/status"
    assert own.picture("aisle") == "site/labeld/dock-3/aisle/picture"
    assert set(own.all_of("aisle")) == {
        own.label("aisle"),
        own.failed("aisle"),
        own.status("aisle"),
        own.picture("aisle"),
    }
    assert own.client_id("x") == "site-labeld-dock-3-x"


@pytest.mark.parametrize(
    ("name", "level"),
    [("a/b", "a_b"), ("a+b#", "a_b_"), ("$SYS", "_SYS"), ("a\nb\0", "a_b_"), ("Tür 1", "Tür 1")],
)
def test_a_name_is_one_level_without_what_mqtt_reserves(name, level):
    assert topics.level(name) == level


def test_a_shared_subscription_is_spelled_as_mqtt_5_says():
    assert topics.shared("cameras/+/picture", "pair") == "$share/pair/cameras/+/picture"
    assert topics.shared("cameras/+/picture", None) == "cameras/+/picture"
