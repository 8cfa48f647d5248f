"""What the base makes of pictures and of their varied copies, as training has it."""

import numpy as np
import pytest

from export.network import bfloat16, model
from export.network.extract import Extractor
from export.pictures import dataset
from export.recipe.blocks import BLOCKS
from tests.support import tiny

CHOSEN = (BLOCKS[0], BLOCKS[5], BLOCKS[-1])
COPIES = 2


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """The paths of 20 pictures: a batch, and a part of another."""
    folder = tmp_path_factory.mktemp("pictures")
    paths = []
    for seed in range(20):
        path = folder / "{}.png".format(seed)
        path.write_bytes(tiny.encode(tiny.picture(tiny.LABELS[seed % 3], seed), ".png"))
        paths.append(str(path))
    return paths


@pytest.fixture(scope="module")
def base(pictures):
    network = model.base(model.NONE)
    model.settle_statistics(network, next(iter(dataset.rows(pictures, 20))))
    return network


@pytest.fixture(scope="module")
def features(base, pictures):
    return Extractor(base, CHOSEN).extract(pictures, COPIES)


def expected(base, pixels):
    """Return the averages of CHOSEN as Keras computes them, in float32, a list."""
    return model.averages(base, CHOSEN)(model.normalise(pixels), training=False)


def test_pictures_as_they_are_give_what_the_served_graph_computes(base, pictures, features):
    rows = np.concatenate([batch.numpy() for batch in dataset.rows(pictures, 16)])
    for block, values in zip(CHOSEN, expected(base, rows)):
        assert np.allclose(features.blocks[block][:, 0], values, rtol=2e-3, atol=2e-3), block


def test_varied_copies_are_off_by_what_bfloat16_rounds_at_the_most(base, pictures, features):
    versions = np.concatenate([b.numpy() for b in dataset.versions(pictures, COPIES, 16)])
    assert versions.shape[:2] == (20, 1 + COPIES)
    for version in range(1, 1 + COPIES):
        for block, values in zip(CHOSEN, expected(base, versions[:, version])):
            off = np.abs(features.blocks[block][:, version] - values.numpy())
            assert off.mean() < 0.03 * np.abs(values.numpy()).mean(), block


@pytest.mark.skipif(not bfloat16.is_fast(), reason="not computed in bfloat16 here")
def test_what_is_computed_in_bfloat16_leaves_what_follows_in_float32(base, pictures, features):
    extractor = Extractor(base, CHOSEN)
    again = extractor.extract(pictures, COPIES)
    rows = next(iter(dataset.rows(pictures, 16))).numpy()
    plain = extractor.extract_rows(rows, "pictures").blocks
    varied = np.concatenate([b.numpy() for b in dataset.versions(pictures, COPIES, 16)])[:16, 1]
    for block in CHOSEN:
        assert np.array_equal(plain[block][:, 0], again.blocks[block][:16, 0])
        in_float32 = extractor.extract_rows(varied, "pictures").blocks[block][:, 0]
        assert not np.array_equal(in_float32, features.blocks[block][:16, 1]), "bfloat16 rounds"
