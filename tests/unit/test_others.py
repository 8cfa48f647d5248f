"""How much of the processor other programs take."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from edge.machine import others
from edge.machine.others import Others
from tests.support.servers import wait_for

CORES = sorted(os.sched_getaffinity(0))


def write_stat(path, busy_seconds):
    """Write what Linux says of cores that were each busy so long, and of one that is not ours."""
    ticks = busy_seconds * os.sysconf("SC_CLK_TCK")
    ours = ["cpu{} {} 0 0 99 99 0 0 0 7 7".format(core, ticks) for core in CORES]
    path.write_text("\n".join(["cpu 1 2 3 4", *ours, "cpu9999 500000 0 0 0", "intr 1", ""]))


@pytest.mark.parametrize(
    ("busy", "own", "share"), [(4, 0, 0.4), (4, 3, 0.1), (4, 5, 0), (99, 0, 1)]
)
def test_it_is_what_cores_did_and_this_process_did_not(tmp_path, monkeypatch, busy, own, share):
    clock, used = iter([100.0, 110.0]), iter([0.0, own * len(CORES)])
    monkeypatch.setattr(others, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(os, "times", lambda: os.times_result((next(used), 0, 0, 0, 0)))
    write_stat(tmp_path / "stat", 1000)
    watched = Others(str(tmp_path / "stat"))
    write_stat(tmp_path / "stat", 1000 + busy)
    assert watched.share() == pytest.approx(share)


def test_where_nothing_tells_it_it_is_none(tmp_path):
    assert Others(str(tmp_path / "missing")).share() == 0.0


def test_a_program_that_computes_is_seen():
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as program:
        try:
            watched = Others()
            wait_for(lambda: watched.share() > 0.5 / len(CORES), "its share")
        finally:
            program.kill()
