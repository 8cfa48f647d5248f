"""A stage's thread: whatever ends it is known."""

import sys

import pytest

from edge.worker import Worker
from tests.support.servers import wait_for


def raise_memory_error():
    raise MemoryError()


@pytest.mark.parametrize(
    ("step", "kind"),
    [(lambda: 1 / 0, ZeroDivisionError), (sys.exit, SystemExit), (raise_memory_error, MemoryError)],
)
def test_whatever_ends_a_stage_is_reported_once_and_names_it(step, kind, caplog):
    reported = []
    worker = Worker("classify", step, reported.append)
    worker.start()
    wait_for(lambda: worker.ended(0.1), "the thread ends")
    assert reported == [worker]
    assert isinstance(worker.failure, kind)
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.getMessage() == "stage classify failed"
