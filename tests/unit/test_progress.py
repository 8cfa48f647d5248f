"""How far a long job is, as a person at a terminal and a log see it."""

import os
import pty
import re
import subprocess
import sys

import pytest

JOB = """
from export import progress
progress.LINE_SECONDS = {line_seconds}
with progress.Progress("check", 4, "picture") as job:
    for done in range(1, 5):
        job.update(done, "so far {{}}".format(done))
"""


def run(stderr, line_seconds):
    """Run a job of four pictures; return what it wrote to stdout."""
    command = [sys.executable, "-c", JOB.format(line_seconds=line_seconds)]
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=stderr, timeout=60, check=True)
    return ran.stdout


def test_a_terminal_gets_a_bar_even_if_it_does_not_tell_its_width():
    ours, its = pty.openpty()
    try:
        assert run(its, line_seconds=0.0) == b""
        os.close(its)
        shown = read_all(ours)
    finally:
        os.close(ours)
    assert "check: 100%" in shown
    assert "4/4" in shown
    assert "check: 4 of 4" not in shown, "a log's lines are not for a terminal"


def read_all(terminal):
    """Return what was written to a pseudo-terminal whose other end is closed."""
    read = b""
    while True:
        try:
            read += os.read(terminal, 4096)
        except OSError:  # how Linux says that nobody is left to write
            return read.decode()


SLOW_JOB = """
import time
from export import progress
progress.LINE_SECONDS = {line_seconds}
with progress.Progress("features", 1000, "picture") as job:
    for done in (10, 20, 30):
        job.update(done)
        time.sleep(0.05)
"""


@pytest.mark.parametrize("line_seconds", [2.0, 1e6])
def test_a_log_hears_how_long_a_job_takes_as_soon_as_that_is_known(line_seconds):
    command = [sys.executable, "-c", SLOW_JOB.format(line_seconds=line_seconds)]
    ran = subprocess.run(command, stderr=subprocess.PIPE, timeout=60, check=True)
    start, *more = ran.stderr.decode().splitlines()
    assert start == "features: 0 of 1000 pictures"
    if line_seconds == 1e6:
        assert more == [], "it is done before the log's next line"
    else:
        assert re.match(r"features: 20 of 1000 pictures, about \d+ s left$", more[0])


def test_a_log_gets_a_line_at_the_start_and_then_now_and_then(tmp_path):
    with open(str(tmp_path / "often"), "wb") as log:
        assert run(log, line_seconds=0.0) == b"", "stdout is for results"
    assert (tmp_path / "often").read_text().splitlines() == [
        "check: 0 of 4 pictures",
        "check: 1 of 4 pictures, so far 1",
        "check: 2 of 4 pictures, so far 2",
        "check: 3 of 4 pictures, so far 3",
        "check: 4 of 4 pictures, so far 4",
    ]
    with open(str(tmp_path / "seldom"), "wb") as log:
        run(log, line_seconds=1e6)
    assert (tmp_path / "seldom").read_text() == "check: 0 of 4 pictures\n"
