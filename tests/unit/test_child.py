"""A child process ends with its owner, however that ends."""

import os
import signal
import subprocess
import sys

import pytest

from edge.machine.child import Child, ChildError
from tests.support.processes import is_alive
from tests.support.servers import wait_for


def test_it_is_asked_to_end_and_its_output_is_in_its_log(tmp_path):
    log = tmp_path / "log"
    with Child("a sleeper", ["sh", "-c", "echo asleep; exec sleep 600"], str(log)) as child:
        wait_for(lambda: log.exists() and log.read_text() == "asleep\n", "it runs")
        child.check()
    assert child.code() == -signal.SIGTERM
    with pytest.raises(ChildError, match="a sleeper ended with exit code -15, see"):
        child.check()


def test_what_does_not_heed_that_is_made_to_end(tmp_path):
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True)"
    )
    log = tmp_path / "log"
    command = [sys.executable, "-c", deaf + "; time.sleep(600)"]
    child = Child("a deaf one", command, str(log), stop_seconds=0.2)
    wait_for(lambda: log.exists() and log.read_text(), "it runs")
    child.stop()
    assert child.code() == -signal.SIGKILL


def test_it_ends_when_its_owner_is_killed(tmp_path):
    code = (
        "from edge.machine.child import Child\n"
        "child = Child('a sleeper', ['sh', '-c', 'echo $$; exec sleep 600'], {!r})\n"
        "child._process.wait()\n"
    )
    log = tmp_path / "log"
    owner = subprocess.Popen([sys.executable, "-c", code.format(str(log))])
    try:
        wait_for(lambda: log.exists() and log.read_text(), "the child runs")
        pid = int(log.read_text())
        assert is_alive(pid)
        owner.kill()
        wait_for(lambda: not is_alive(pid), "the child has ended")
    finally:
        owner.kill()
        owner.wait(10.0)


def test_a_program_that_is_not_there_is_told_at_once():
    with pytest.raises(OSError, match="No such file or directory: 'no-such-program'"):
        Child("nothing", ["no-such-program"])
    assert os.getpid()
