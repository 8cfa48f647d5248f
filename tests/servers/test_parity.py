"""Training and serving see the same pixels, byte for byte, whatever the file."""

import numpy as np
import pytest

from edge.offline.files import score_files
from edge.prepare import preprocess
from tests.support import formats, stamps, tiny


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """Files of every format, and real photographs where they are installed."""
    folder = tmp_path_factory.mktemp("formats")
    for name, data in formats.files().items():
        (folder / name).write_bytes(data)
    return sorted(str(path) for path in folder.iterdir())


def served(bundle, paths):
    """Return the rows of the batches that the daemon's pipeline hands to the graph."""

    def pixels_as_scores(rows):
        return rows.reshape(len(rows), -1).copy()

    results = score_files(bundle, paths, tiny.FunctionGraph(pixels_as_scores))
    assert [result.error for result in results] == [None] * len(paths)
    return np.stack([result.scored.scores.reshape(preprocess.ROW) for result in results])


def trained_on(paths):
    """Return what training's pipeline yields."""
    from export.pictures import dataset

    return np.concatenate([batch.numpy() for batch in dataset.rows(paths, batch_size=5)])


def test_every_format_is_served_as_it_was_trained_on(paths, tiny_bundle):
    assert len(paths) == 23
    rows, learnt = served(tiny_bundle, paths), trained_on(paths)
    assert rows.dtype == learnt.dtype == np.uint8
    for path, row, same in zip(paths, rows, learnt):
        assert np.array_equal(row, same), path


def test_a_lossless_copy_of_any_format_becomes_the_same_row(paths, tiny_bundle):
    rows = {path.rsplit("/", 1)[1]: row for path, row in zip(paths, served(tiny_bundle, paths))}
    for name in ("plain.bmp", "plain.tiff"):
        assert np.array_equal(rows["plain.png"], rows[name]), name
    for kind in ("grey", "alpha", "deep", "deep-grey"):
        assert np.array_equal(rows[kind + ".png"], rows[kind + ".tiff"]), kind
    for orientation in (2, 3, 4, 5, 6, 7, 8):
        turned = rows["turned{}.jpg".format(orientation)]
        assert not np.array_equal(rows["turned1.jpg"], turned), orientation


def test_real_photographs_are_served_as_they_were_trained_on(tmp_path, tiny_bundle):
    stamps.require()
    found = sorted(stamps.write(tmp_path / "photographs", count=3, served=False, seed=5))
    assert {path[-4:] for path in found} == {".jpg", ".png"}
    assert np.array_equal(served(tiny_bundle, found), trained_on(found))
