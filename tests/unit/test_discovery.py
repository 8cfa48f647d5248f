"""The announcement of a camera to Home Assistant, held to its documentation."""

import json

import pytest

from edge.config.settings import Config, ModelSettings
from edge.deliver.homeassistant import discovery
from tests.support.homeassistant import check_sensor


def config(device):
    return Config(ModelSettings("unused"), sources=(), device=device)


@pytest.mark.parametrize("names", [("dock-3", "aisle 1"), ("Büro/2", "Tür")])
def test_every_name_gives_a_valid_announcement(names):
    topic, payload = discovery(config(names[0]), names[1], "m-1")
    sensor = json.loads(payload.decode("utf-8"))
    check_sensor(topic, sensor)
    assert sensor["name"] == names[1]
    assert sensor["device"]["name"] == names[0]


def test_two_cameras_never_share_an_entity():
    found = [discovery(config("d"), name, "m")[0] for name in ("a b", "a_b", "a.b")]
    assert len(set(found)) == 3
