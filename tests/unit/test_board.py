"""What the page is told of the sources."""

import numpy as np

from edge.board import MINUTES, Board, Shown
from edge.prepare.preprocess import ROW

DARK, BRIGHT = np.zeros(ROW, np.uint8), np.full(ROW, 255, np.uint8)


def test_the_last_label_of_each_source_is_shown_and_how_many_there_were():
    board = Board(pictures=False)
    board.labelled("aisle", "1.jpg", "apple", 0.9, 0.1, DARK)
    board.labelled("aisle", "2.jpg", "pear", 0.8, 0.3, DARK)
    board.labelled("dock", "3.jpg", "plum", 0.7, 0.1, DARK)
    shown = board.shown("aisle")
    assert (shown.label, shown.score, shown.image) == ("pear", 0.8, "2.jpg")
    assert sum(shown.minutes) == 2
    assert len(shown.minutes) == MINUTES
    assert (shown.ages[-1], max(shown.ages[:-1])) == (0.3, 0.0)
    assert board.shown("dock").label == "plum"


def test_minutes_go_by(monkeypatch):
    board, now = Board(pictures=False), [600.0]
    monkeypatch.setattr("edge.board.time.monotonic", lambda: now[0])
    board.labelled("aisle", "1.jpg", "apple", 0.9, 0.1, DARK)
    now[0] += 61
    board.labelled("aisle", "2.jpg", "apple", 0.9, 0.1, DARK)
    assert board.shown("aisle").minutes[-2:] == (1, 1)
    now[0] += 120
    assert board.shown("aisle").minutes[-4:] == (1, 1, 0, 0)
    assert board.shown("aisle").age_seconds == 120
    now[0] += 1e6
    assert sum(board.shown("aisle").minutes) == 0


def test_of_a_source_that_has_said_nothing_or_is_forgotten_nothing_is_shown():
    board = Board(pictures=True)
    assert board.shown("aisle") == Shown()
    board.labelled("aisle", "1.jpg", "apple", 0.9, 0.1, DARK)
    board.forget("aisle")
    assert board.shown("aisle") == Shown()
    assert board.picture("aisle") == (0, None)


def test_pictures_are_copied_where_they_are_wanted_one_a_second_at_the_most(monkeypatch):
    now, row = [0.0], DARK.copy()
    monkeypatch.setattr("edge.board.time.monotonic", lambda: now[0])
    board = Board(pictures=True)
    board.labelled("aisle", "1.jpg", "apple", 0.9, 0.1, row)
    row[...] = BRIGHT
    now[0] = 0.5
    board.labelled("aisle", "2.jpg", "apple", 0.9, 0.1, row)
    assert not board.picture("aisle")[1].any()
    assert board.shown("aisle").number == 1
    now[0] = 1.5
    board.labelled("aisle", "3.jpg", "apple", 0.9, 0.1, row)
    assert board.picture("aisle")[1].all()
    assert board.shown("aisle").number == 2


def test_no_picture_is_kept_where_none_is_wanted():
    board = Board(pictures=False)
    board.labelled("aisle", "1.jpg", "apple", 0.9, 0.1, DARK)
    assert board.picture("aisle") == (0, None)
