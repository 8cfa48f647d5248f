"""The pipeline that feeds pictures to a fit."""

import numpy as np
import pytest

from export.pictures import dataset
from tests.support import tiny


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
    pixels, classes = epoch(dataset.examples(*filed, batch_size=4))
    rows = np.concatenate([batch.numpy() for batch in dataset.rows(filed[0], batch_size=4)])
    assert np.array_equal(pixels, rows)
    assert classes.tolist() == filed[1]


def test_every_epoch_has_each_picture_once_in_another_order_and_varied_by_its_place(filed):
    examples = dataset.examples(*filed, batch_size=4, shuffle_seed=1, varied=True)
    (first, first_classes), (second, second_classes) = epoch(examples), epoch(examples)
    assert sorted(first_classes) == sorted(second_classes) == sorted(filed[1])
    assert first_classes.tolist() != second_classes.tolist()
    for pixels, classes in ((first, first_classes), (second, second_classes)):
        assert np.array_equal(tiny.scores(pixels).argmax(1), classes)
    again = {row.tobytes() for row in first} & {row.tobytes() for row in second}
    assert len(again) <= 3, "only pictures that have the same place by chance"
