"""A picture that is like none of those that a model was trained on."""

import numpy as np

from tests.support import tiny
from tests.support.servers import wait_for

GREY = np.full((120, 160, 3), 128, np.uint8)


def test_a_picture_like_nothing_learnt_is_unknown_and_says_so(labeld, subscriber, tmp_path):
    bundle = tiny.write_bundle(tmp_path / "familiar", with_familiar=True)
    labeld.configure(model={"bundle": bundle.path})
    labeld.start_ready()
    labeld.drop_file("red.png", tiny.encode(tiny.picture("red"), ".png"))
    labeld.drop_file("grey.png", tiny.encode(GREY, ".png"))
    wait_for(lambda: len(subscriber.events("drop/label")) == 2, "both labels")
    events = {event["image"]: event for event in subscriber.events("drop/label")}
    assert events["red.png"]["label"] == "red"
    assert events["red.png"]["familiar"] == 1.0
    assert "reason" not in events["red.png"]
    assert events["grey.png"]["label"] == "unknown"
    assert events["grey.png"]["familiar"] == 0.0
    assert events["grey.png"]["reason"] == "unfamiliar"
    assert events["grey.png"]["top"][0]["score"] > 0.3
