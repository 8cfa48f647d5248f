import threading
from pathlib import Path

import pytest

from edge.machine.thread import named_thread
from tests.support.servers import wait_for


def names():
    files = Path("/proc/self/task").glob("*/comm")
    return [file.read_text("utf-8", "ignore").rstrip("\n") for file in files]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("classify", "classify"), ("camera aisle-3-north", "camera aisle-3-"), ("ä" * 9, "ä" * 7)],
)
def test_a_thread_is_found_by_its_name_from_outside(name, shown):
    end = threading.Event()
    thread = named_thread(name, lambda: end.wait(30))
    thread.start()
    try:
        wait_for(lambda: shown in names(), shown)
    finally:
        end.set()
        thread.join(30)
    assert not thread.is_alive()
