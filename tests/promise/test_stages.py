"""A stage that fails ends the daemon, is named in the log, and costs no picture."""

import pytest

from tests.support import failing, tiny
from tests.support.account import balance
from tests.support.failing import EXITS, HANGS, THROWS
from tests.support.servers import Labeld, wait_for

FAILURES = [
    ("source drop", THROWS),
    ("decode-0", EXITS),
    ("classify", THROWS),
    ("classify", HANGS),
    ("publish", EXITS),
    ("publish", HANGS),
]


def errors(labeld):
    return [line for line in labeld.log().splitlines() if line.startswith("ERROR")]


@pytest.mark.parametrize(("stage", "ending"), FAILURES)
def test_a_stage_that_fails(tmp_path, broker, tiny_bundle, subscriber, tell, stage, ending):
    trigger = tmp_path / "fail"
    labeld = Labeld(
        tmp_path / "labeld",
        begin=failing.started(stage, ending, trigger),
        model={"bundle": tiny_bundle.path},
        mqtt={"host": "127.0.0.1", "port": broker.port},
    )
    names = ["{}.jpg".format(number) for number in range(40)]
    try:
        labeld.start_ready()
        for seed, name in enumerate(names):
            if seed == len(names) // 2:
                trigger.touch()
            labeld.drop_file(name, tiny.encode(tiny.picture("red", seed)))
        if ending == HANGS:
            wait_for(lambda: errors(labeld), "the hanging stage is told")
            status, why = labeld.get("/healthz")
            assert (status, why.split(" has ")[0]) == (503, stage)
            labeld.kill()  # as the watchdog does
        else:
            wait_for(lambda: labeld.code() is not None, "it ends")
            assert labeld.code() == 1
        (error,) = errors(labeld)
        assert "stage " + stage in error
        trigger.unlink()
        labeld.start_ready()
        wait_for(lambda: not labeld.waiting(), "all are put away")
        wait_for(lambda: not balance(names, subscriber.told()).lost, "each is labelled")
        assert labeld.end() == 0, labeld.log()
    finally:
        labeld.kill()
    tell("{} {}: {}".format(stage, ending, balance(names, subscriber.told())))
