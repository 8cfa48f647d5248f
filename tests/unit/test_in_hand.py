"""What is remembered of pictures that were being decoded when the process ended."""

import multiprocessing
import os
import signal
import threading

import pytest

from edge.in_hand import HANDS, KEY_BYTES, REMEMBERED, InHand, InHandError


def key(number):
    return "{:032x}".format(number)


def hold_and_die(path, numbers):
    hands = InHand(path)
    for number in numbers:
        hands.holding(key(number)).__enter__()
    os.kill(os.getpid(), signal.SIGKILL)


def end_with(path, *numbers):
    """Have a process end while it holds some pictures."""
    process = multiprocessing.get_context("fork").Process(target=hold_and_die, args=(path, numbers))
    process.start()
    process.join(20.0)
    assert process.exitcode == -signal.SIGKILL


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "in_hand")


def test_what_was_in_hand_at_a_kill_is_remembered_until_it_is_decoded(path):
    end_with(path, 1, 2)
    end_with(path, 1)
    hands = InHand(path)
    assert [hands.ends(key(number)) for number in (1, 2, 3)] == [2, 1, 0]
    hands.forget(key(1))
    hands.close()
    hands = InHand(path)
    assert [hands.ends(key(number)) for number in (1, 2)] == [0, 1]
    hands.close()


def test_what_was_put_down_is_not_held_against_a_picture_but_an_unexpected_error_is(path):
    hands = InHand(path)
    with hands.holding(key(1)):
        pass
    with pytest.raises(KeyError), hands.holding(key(2)):
        raise KeyError("a fault of labeld's own")
    hands.close()
    hands = InHand(path)
    assert [hands.ends(key(number)) for number in (1, 2)] == [0, 1]
    hands.close()


def test_what_there_was_no_memory_for_is_remembered_as_well(path):
    hands = InHand(path)
    for number in range(REMEMBERED + 1):
        hands.note_end(key(number))
    assert [hands.ends(key(number)) for number in (0, 1, REMEMBERED)] == [0, 1, 1]
    hands.close()
    hands = InHand(path)
    assert [hands.ends(key(number)) for number in (1, REMEMBERED)] == [1, 1]
    hands.close()


def test_one_that_was_in_hand_is_alone(path):
    end_with(path, 1)
    hands = InHand(path)
    order = []

    def suspect():
        with hands.holding(key(1)):
            order.append("suspect")

    def other():
        with hands.holding(key(3)):
            order.append("other")

    threads = [threading.Thread(target=suspect), threading.Thread(target=other)]
    with hands.holding(key(2)):
        threads[0].start()
        threads[1].start()
        threads[1].join(10.0)
        assert order == ["other"], "others do not wait for one that waits"
    threads[0].join(10.0)
    assert order == ["other", "suspect"]
    with hands.holding(key(1)):
        waiting = threading.Thread(target=other)
        waiting.start()
        assert order == ["other", "suspect"]
    waiting.join(10.0)
    assert order == ["other", "suspect", "other"]
    hands.close()


def test_only_the_latest_ends_are_remembered(path):
    for first in range(0, 3 * HANDS, HANDS):
        end_with(path, *range(first, first + HANDS + 1))
    hands = InHand(path)
    assert sum(hands.ends(key(number)) for number in range(3 * HANDS + 1)) == REMEMBERED
    assert hands.ends(key(3 * HANDS - 1)) == 1
    hands.close()


def test_a_file_of_another_process_or_another_kind_is_refused_or_begun_anew(path, tmp_path):
    hands = InHand(path)
    with pytest.raises(InHandError, match="in_hand: another labeld has it"):
        InHand(path)
    hands.close()
    with open(path, "wb") as file:
        file.write(b"something else")
    InHand(path).close()
    assert os.path.getsize(path) == (HANDS + REMEMBERED) * KEY_BYTES
    os.unlink(path)
    InHand(path).close()
    assert os.stat(path).st_mode & 0o777 == 0o600
    with pytest.raises(InHandError, match="No such file"):
        InHand(str(tmp_path / "gone" / "in_hand"))


def test_without_a_file_nothing_is_remembered_and_all_goes_on():
    hands = InHand()
    with hands.holding(key(1)):
        assert hands.ends(key(1)) == 0
    hands.forget(key(1))
    hands.close()
