"""Varied copies of training pictures, and the pipeline that feeds them to a fit."""

import numpy as np
import pytest

from edge.prepare.preprocess import ROW
from export import augment
from tests.support import tiny


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


@pytest.fixture
def filed(tmp_path):
    """The paths of nine pictures, and the number of each one's label."""
    paths = []
    for seed in range(9):
        path = tmp_path / "{}.png".format(seed)
        path.write_bytes(tiny.encode(tiny.picture(tiny.LABELS[seed % 3], seed), ".png"))
        paths.append(str(path))
    return paths, [seed % 3 for seed in range(9)]


def epoch(examples):
    """Return the pictures and classes of an epoch."""
    batches = [(pixels.numpy(), classes.numpy()) for pixels, classes in examples]
    return tuple(np.concatenate(parts) for parts in zip(*batches))


def test_examples_in_order_are_the_rows_with_their_classes(filed):
    from export import dataset

    pixels, classes = epoch(dataset.examples(*filed, batch_size=4))
    rows = np.concatenate([batch.numpy() for batch in dataset.rows(filed[0], batch_size=4)])
    assert np.array_equal(pixels, rows)
    assert classes.tolist() == filed[1]


def test_every_epoch_has_each_picture_once_in_another_order_and_varied_by_its_place(filed):
    from export import dataset

    examples = dataset.examples(*filed, batch_size=4, shuffle_seed=1, varied=True)
    (first, first_classes), (second, second_classes) = epoch(examples), epoch(examples)
    assert sorted(first_classes) == sorted(second_classes) == sorted(filed[1])
    assert first_classes.tolist() != second_classes.tolist()
    for pixels, classes in ((first, first_classes), (second, second_classes)):
        assert np.array_equal(tiny.scores(pixels).argmax(1), classes)
    again = {row.tobytes() for row in first} & {row.tobytes() for row in second}
    assert len(again) <= 3, "only pictures that have the same place by chance"
