"""Which files of a drop folder are whole, from what was seen of them."""

from edge.sources.folder.arrivals import SETTLED_SECONDS, WRITER_SECONDS, Arrivals, Listed

SECOND = 10**9


def listing(**files):
    """Return a look at the folder: {name: (size, changed)}, all of them just written."""
    return {name: Listed(size, changed) for name, (size, changed) in files.items()}


def test_a_file_found_by_looking_is_taken_once_its_size_stands_still():
    arrivals = Arrivals()
    for now, size in enumerate((10, 20, 30)):
        arrivals.look(listing(a=(size, now)), float(now))
        assert arrivals.take() == []
    arrivals.look(listing(a=(30, 2)), 2.0 + SETTLED_SECONDS - 0.1)
    assert arrivals.take() == []
    arrivals.look(listing(a=(30, 2)), 2.0 + SETTLED_SECONDS)
    assert arrivals.take() == ["a"]


def test_it_tells_whether_files_wait_for_another_look():
    arrivals = Arrivals()
    assert not arrivals.is_settling()
    arrivals.look(listing(a=(10, 0)), 0.0)
    assert arrivals.is_settling()
    arrivals.look(listing(a=(10, 0)), SETTLED_SECONDS)
    assert not arrivals.is_settling()  # it is ready
    assert arrivals.take() == ["a"]
    arrivals.written("b", 3.0)
    arrivals.look(listing(b=(10, 0)), 4.0)
    assert not arrivals.is_settling()  # it waits for its writer


def test_a_file_that_was_closed_is_taken_at_once_and_an_empty_one_when_it_stands_still():
    arrivals = Arrivals()
    arrivals.closed("a", 10)
    arrivals.closed("empty", 0)
    assert arrivals.take() == ["a"]
    arrivals.look(listing(empty=(0, 0)), 0.0)
    arrivals.look(listing(empty=(0, 0)), SETTLED_SECONDS)
    assert arrivals.take() == ["empty"]


def test_a_file_that_is_being_written_to_is_left_alone_however_still_it_stands():
    arrivals = Arrivals()
    arrivals.written("a", 0.0)
    for now in (0.0, SETTLED_SECONDS, WRITER_SECONDS - 1):
        arrivals.look(listing(a=(10, 0)), now)
        assert arrivals.take() == []
    arrivals.look(listing(a=(10, 0)), WRITER_SECONDS)
    assert arrivals.take() == ["a"], "its writer is taken to be gone"


def test_a_file_being_replaced_while_its_former_self_is_under_way_is_left_alone():
    arrivals = Arrivals()
    arrivals.written("a", 0.0)
    arrivals.look({}, 1.0)  # what is under way is not listed
    for now in (2.0, 2.0 + SETTLED_SECONDS):
        arrivals.look(listing(a=(10, 0)), now)
        assert arrivals.take() == []
    arrivals.closed("a", 20)
    assert arrivals.take() == ["a"]


def test_a_file_whose_time_or_mode_is_set_after_it_was_closed_is_not_taken_for_written_to():
    arrivals = Arrivals()
    arrivals.written("a", 0.0)
    arrivals.closed("a", 10)
    arrivals.written("a", 0.0)
    arrivals.written("a", 0.0)
    arrivals.look(listing(a=(10, 0)), 0.0)
    assert arrivals.take() == []
    arrivals.look(listing(a=(10, 0)), SETTLED_SECONDS)
    assert arrivals.take() == ["a"]


def test_files_that_stand_still_are_taken_oldest_first_by_our_clock_whatever_theirs_says():
    arrivals = Arrivals()
    long_ago = {"a": 3, "b": 1, "c": 2}
    found = {name: Listed(1, when) for name, when in long_ago.items()}
    arrivals.look(found, 0.0)
    assert arrivals.take() == [], "its sender may have set its time, and be writing on"
    arrivals.look(found, SETTLED_SECONDS)
    assert arrivals.take() == ["b", "c", "a"]
