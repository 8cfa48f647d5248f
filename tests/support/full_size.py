"""A bundle as large and slow as real ones are, of InceptionV3 with random weights."""

import os

import numpy as np

from tests.support import tiny


def write_bundle(path):
    """Write it at `path`, a pathlib.Path not there yet; what it says of pictures means nothing."""
    from export.network import freeze, model
    from export.recipe.blocks import BLOCKS
    from export.recipe.head import Dense, Head

    network = model.base("none")
    top = BLOCKS[-1:]
    shape = (model.channels(model.averages(network, top))[0], len(tiny.LABELS))
    weights = np.random.RandomState(1).standard_normal(shape).astype(np.float32)
    head = Head((Dense(weights, np.zeros(shape[1], np.float32)),))
    frozen = freeze.Frozen(model.classifier(network, top, head))
    golden = []
    for seed, label in enumerate(tiny.LABELS * 3):
        golden.append("{}-{}.png".format(path, seed))
        with open(golden[-1], "wb") as file:
            file.write(tiny.encode(tiny.picture(label, seed), ".png"))
    freeze.write_bundle(str(path), frozen, tiny.LABELS, golden, {}, None, {}, {})
    for name in golden:
        os.remove(name)
