"""What README and docs/metrics.md promise of events and metrics is what the daemon gives."""

import json
import os
import re

from tests.support import tiny, tx2
from tests.support.checkout import ROOT
from tests.support.servers import wait_for
from tests.support.tx2 import series


def text_of(document):
    with open(os.path.join(ROOT, document), encoding="utf-8") as file:
        return file.read()


def test_the_event_and_the_metrics_are_those_of_a_running_daemon(labeld, subscriber, tmp_path):
    bundle = tiny.write_bundle(tmp_path / "familiar", with_familiar=True)
    labeld.configure(model={"bundle": bundle.path})
    labeld.start_ready()
    labeld.drop_file("a.png", tiny.encode(tiny.picture("red"), ".png"))
    wait_for(lambda: subscriber.events("drop/label"), "a label")
    shown = json.loads(re.search(r"```json\n(.*?)```", text_of("README.md"), re.DOTALL).group(1))
    event = subscriber.events("drop/label")[0]
    assert set(shown) == set(event)
    assert set(shown["top"][0]) == set(event["top"][0])

    page = labeld.get("/metrics")[1] + series(tx2.lay_out(tmp_path / "tx2"))
    promised = set(re.findall(r"`(labeld_\w+)", text_of(os.path.join("docs", "metrics.md"))))
    given = set(re.findall(r"^# TYPE (labeld_\w+) ", page, re.MULTILINE))
    assert promised == {name for name in given if not name.endswith("_created")}
