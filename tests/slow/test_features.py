"""What the base makes of pictures and of their varied copies, as training has it."""

import numpy as np
import pytest

from export.network import model
from export.network.averages import Averages
from export.network.extract import Extractor
from export.pictures import dataset
from export.recipe.blocks import BLOCKS
from tests.support import stamps, tiny, weights

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
def extractor(base):
    return Extractor(base, CHOSEN)


@pytest.fixture(scope="module")
def features(extractor, pictures):
    return extractor.extract(pictures, COPIES)


@pytest.fixture(scope="module")
def varied(pictures):
    """uint8[20, 2, 299, 299, 3], the varied copies of the pictures."""
    found = np.concatenate([batch.numpy() for batch in dataset.versions(pictures, COPIES, 16)])
    assert found.shape[:2] == (20, 1 + COPIES)
    return found[:, 1:]


def expected(base, pixels):
    """Return the averages of CHOSEN as Keras computes them, in float32, a list."""
    return model.averages(base, CHOSEN)(model.normalise(pixels), training=False)


def test_pictures_as_they_are_give_what_the_served_graph_computes(base, pictures, features):
    rows = np.concatenate([batch.numpy() for batch in dataset.rows(pictures, 16)])
    for block, values in zip(CHOSEN, expected(base, rows)):
        assert np.allclose(features.blocks[block][:, 0], values, rtol=2e-3, atol=2e-3), block


def test_varied_copies_follow_the_picture(base, features, varied):
    for copy in range(COPIES):
        for block, values in zip(CHOSEN, expected(base, varied[:, copy])):
            found = features.blocks[block][:, 1 + copy]
            assert np.allclose(found, values, rtol=2e-3, atol=2e-3), block


def test_in_8_bits_varied_copies_of_photographs_are_nearly_the_same(tmp_path):
    pytest.importorskip("nncf", reason="NNCF has no wheel for this Python")
    from export.quantize import graph

    stamps.require()
    photographs = sorted(stamps.write(tmp_path / "photographs", count=4, served=False, seed=1))
    extractor = Extractor(model.base(weights.require()), CHOSEN)
    extractor.save(str(tmp_path / "base"))
    rows = [row for batch in dataset.rows(photographs, 16) for row in batch.numpy()]
    coarse = Averages(graph.quantized(str(tmp_path / "base"), rows), CHOSEN)
    features = extractor.extract(photographs, COPIES)
    found = extractor.extract(photographs, COPIES, coarse=coarse)
    for block in CHOSEN:
        plain, other = features.blocks[block], found.blocks[block]
        assert np.array_equal(plain[:, 0], other[:, 0]), "pictures as they are stay in FP32"
        off = np.abs(other[:, 1:] - plain[:, 1:]).mean()
        assert 0 < off < 0.1 * np.abs(plain[:, 1:]).mean(), block
