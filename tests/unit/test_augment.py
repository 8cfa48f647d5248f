"""Varied copies of training pictures."""

import numpy as np

from edge.prepare.preprocess import ROW
from export.pictures import augment


def marked():
    """Return a grey row with a bright red square in its left upper quarter."""
    row = np.full(ROW, 100, np.uint8)
    row[50:110, 50:110] = (220, 60, 60)
    return row


def test_a_copy_depends_on_its_seed_alone_and_leaves_the_picture_as_it_was():
    row = marked()
    copy = augment.vary(row, 7)
    assert (copy.dtype, copy.shape) == (np.uint8, ROW)
    assert np.array_equal(copy, augment.vary(row, 7))
    assert not np.array_equal(copy, augment.vary(row, 8))
    assert np.array_equal(row, marked())


def test_copies_are_flipped_moved_scaled_and_tinted():
    sides, sizes, greys, tints = [], [], [], []
    for seed in range(60):
        copy = augment.vary(marked(), seed).astype(int)
        square = copy[..., 0] - copy[..., 1] > 60
        sides.append(np.nonzero(square)[1].mean() > 150)
        sizes.append(square.sum())
        greys.append(np.median(copy))
        tints.append(np.median(copy[..., 0]) - np.median(copy[..., 2]))
    assert 15 < sum(sides) < 45, "about half are flipped"
    assert min(sizes) < 3600 * 0.8 < 3600 * 1.25 < max(sizes)
    assert min(greys) < 85 < 115 < max(greys)
    assert min(tints) < -4 < 4 < max(tints)
