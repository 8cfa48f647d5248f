"""Batches: full or due, in order, only of sizes that the graph takes, and never too many."""

import threading

import pytest

from edge.batch.sizes import runs
from edge.batch.slots import BUFFERS, Slots
from tests.support.servers import SECONDS


class Clock:
    """A clock that a test sets."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def fill(slots, *items):
    for item in items:
        slot = slots.acquire(timeout=0.0)
        slot.row[...] = item
        slot.commit(item)


def test_a_batch_goes_when_it_is_full_however_long_it_might_wait():
    slots = Slots(max_size=2, max_delay_seconds=1e6)
    fill(slots, 1, 2, 3)
    batch = slots.next_batch(timeout=0.0)
    assert batch.items == [(0, 1), (1, 2)]
    assert batch.rows[:, 0, 0, 0].tolist() == [1, 2]
    assert slots.next_batch(timeout=0.0) is None


def test_a_batch_that_is_not_full_goes_when_its_first_row_has_waited_its_time():
    clock = Clock()
    slots = Slots(max_size=8, max_delay_seconds=0.05, clock=clock)
    fill(slots, 1)
    clock.now += 0.04
    fill(slots, 2)
    assert slots.next_batch(timeout=0.0) is None
    clock.now += 0.02
    batch = slots.next_batch(timeout=0.0)
    assert batch.items == [(0, 1), (1, 2)]
    assert len(batch.rows) == 2


def test_a_batch_waits_for_no_other_picture_where_none_is_coming():
    coming = [True]
    slots = Slots(max_size=8, max_delay_seconds=1e6)
    fill(slots, 1)
    assert slots.next_batch(0.0, is_coming=lambda: coming[0]) is None
    coming[0] = False
    slow = slots.acquire(timeout=0.0)
    assert slots.next_batch(0.0, is_coming=lambda: coming[0]) is None
    slow.commit(2)
    assert slots.next_batch(0.0, is_coming=lambda: coming[0]).items == [(0, 1), (1, 2)]


def test_a_batch_waits_for_rows_that_are_still_being_filled():
    clock = Clock()
    slots = Slots(max_size=2, max_delay_seconds=0.0, clock=clock)
    slow = slots.acquire(timeout=0.0)
    fill(slots, 2, 3)
    assert slots.next_batch(timeout=0.0) is None
    slow.cancel()
    assert slots.next_batch(timeout=0.0).items == [(1, 2)]
    assert slots.next_batch(timeout=0.0).items == [(0, 3)]


def test_whoever_waits_for_a_batch_has_it_as_soon_as_its_last_row_is_filled():
    slots = Slots(max_size=2, max_delay_seconds=1e6)
    found, asked = [], threading.Event()

    def is_coming():
        asked.set()
        return True

    waiting = threading.Thread(target=lambda: found.append(slots.next_batch(SECONDS, is_coming)))
    fill(slots, 1)
    waiting.start()
    assert asked.wait(SECONDS)
    fill(slots, 2)
    waiting.join(SECONDS / 2)
    assert [batch.items for batch in found] == [[(0, 1), (1, 2)]]


@pytest.mark.parametrize(("filled", "rows"), [(1, 1), (2, 4), (4, 4), (5, 8)])
def test_only_built_sizes_reach_the_graph(filled, rows):
    slots = Slots(max_size=8, max_delay_seconds=0.0, batch_sizes=(1, 4, 8))
    fill(slots, *range(filled))
    batch = slots.next_batch(timeout=0.0)
    assert len(batch.rows) == rows
    assert len(batch.items) == filled


def test_with_every_buffer_in_use_there_is_no_row_until_one_is_released():
    slots = Slots(max_size=1, max_delay_seconds=0.0)
    fill(slots, *range(BUFFERS))
    assert slots.acquire(timeout=0.0) is None
    slots.next_batch(timeout=0.0).release()
    fill(slots, 9)
    assert [slots.next_batch(timeout=0.0).items for _ in range(BUFFERS)] == [
        [(0, 1)],
        [(0, 2)],
        [(0, 3)],
        [(0, 9)],
    ]


def test_no_batch_has_more_rows_than_the_graph_takes():
    slots = Slots(max_size=6, max_delay_seconds=1e6, batch_sizes=(1, 4))
    fill(slots, *range(6))
    assert len(slots.next_batch(timeout=0.0).rows) == 4


TIMES = [
    ({1: 20, 4: 45, 8: 50}, {1: [1], 2: [1, 1], 3: [4], 4: [4], 5: [8], 8: [8]}),
    ({1: 10, 4: 30, 8: 55}, {3: [4], 5: [4, 1], 6: [4, 1, 1], 7: [8], 8: [8]}),
    ({1: 10, 4: 45, 8: 100}, {4: [1, 1, 1, 1], 8: [1] * 8}),
    ({4: 30, 8: 55}, {1: [4], 5: [8]}),
]


@pytest.mark.parametrize(("milliseconds", "expected"), TIMES)
def test_the_runs_are_those_that_are_done_soonest(milliseconds, expected):
    assert {count: runs(count, milliseconds) for count in expected} == expected


@pytest.mark.parametrize("seconds", [times for times, _ in TIMES])
@pytest.mark.parametrize("count", range(1, 9))
def test_every_row_is_in_one_run_and_nobody_s_in_none(seconds, count):
    slots = Slots(max_size=8, max_delay_seconds=0.0, batch_sizes=tuple(seconds))
    fill(slots, *range(count - 1))
    slots.acquire(timeout=0.0).cancel()
    batch = slots.next_batch(timeout=0.0)
    found = []
    for rows, items in batch.runs(seconds):
        assert rows.ctypes.data == batch.rows.ctypes.data
        assert len(rows) in seconds
        for number, item in items:
            assert (rows[number] == item).all()
            found.append(item)
    assert found == list(range(count - 1))
