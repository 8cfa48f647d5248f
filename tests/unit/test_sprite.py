"""The last pictures of all sources in one."""

import numpy as np
import simplejpeg

from edge.daemon.sprite import CELL, COLUMNS, EMPTY, Numbered, Sprite
from edge.prepare.preprocess import ROW


def grey(value):
    return np.full(ROW, value, np.uint8)


def cell(jpeg, place):
    sheet = simplejpeg.decode_jpeg(jpeg)
    top, left = CELL * (place // COLUMNS), CELL * (place % COLUMNS)
    return int(sheet[top + 8 : top + CELL - 8, left + 8 : left + CELL - 8].mean())


def test_each_source_has_its_cell_whether_it_has_a_picture_or_not():
    pictures = [Numbered("s{}".format(n), 1, grey(10 * n)) for n in range(12)]
    pictures[3] = Numbered("s3", 0, None)
    jpeg = Sprite().drawn(pictures)
    assert simplejpeg.decode_jpeg(jpeg).shape == (2 * CELL, COLUMNS * CELL, 3)
    for place in (0, 5, 11):
        assert abs(cell(jpeg, place) - 10 * place) <= 1
    assert abs(cell(jpeg, 3) - EMPTY) <= 1


def test_what_is_new_is_drawn_and_what_is_not_is_not_drawn_again():
    sprite = Sprite()
    first = sprite.drawn([Numbered("a", 1, grey(50)), Numbered("b", 1, grey(200))])
    again = sprite.drawn([Numbered("a", 1, grey(99)), Numbered("b", 1, grey(99))])
    assert again == first
    new = sprite.drawn([Numbered("a", 1, grey(99)), Numbered("b", 2, grey(120))])
    assert (abs(cell(new, 0) - 50) <= 1, abs(cell(new, 1) - 120) <= 1) == (True, True)
