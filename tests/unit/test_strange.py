"""Pictures that show nothing, made of a user's own."""

import numpy as np

from export.pictures import strange
from tests.support import tiny

OF_EACH = 3


def some(tmp_path, seed=1):
    tiny.file_pictures(tmp_path / "few", {"red": ["red"] * 2})
    paths = sorted(str(path) for path in (tmp_path / "few").glob("*/*.png"))
    return strange.rows(paths, OF_EACH, seed)


def test_they_are_rows_as_a_network_takes_them_the_same_for_a_seed(tmp_path):
    rows = some(tmp_path)
    assert rows.shape == (OF_EACH * len(strange.KINDS), 299, 299, 3)
    assert rows.dtype == np.uint8
    again = strange.rows([str(next(tmp_path.glob("few/*/*.png")))], OF_EACH, seed=2)
    assert not np.array_equal(rows, again)


def test_none_is_like_another_and_each_kind_is_what_it_says(tmp_path):
    rows = some(tmp_path)
    assert len({row.tobytes() for row in rows}) == len(rows)
    kinds = dict(zip((kind.__name__ for kind in strange.KINDS), rows[::OF_EACH].astype(float)))
    assert kinds["_dark"].mean() < 45
    assert kinds["_bright"].mean() > 210
    assert np.abs(np.diff(kinds["_blurred"], axis=0)).max() < 10
    assert kinds["_flat"].std(axis=(0, 1)).max() < 6
